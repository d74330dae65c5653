/** The organization's agents for the ledger: read from D1 once, cached in memory, dropped on every change. */

import { and, eq, inArray, isNotNull, isNull } from "drizzle-orm";
import QuickLRU from "quick-lru";
import { capabilitiesOf, platformScopesOf } from "../access/scopes.ts";
import { openDatabase } from "../platform/db/client.ts";
import { agentKeys, agents, credentials, organizations, trustPolicies } from "../platform/db/schema.ts";
import type { AgentId, OrganizationId, Scope } from "../platform/ids.ts";
import { SingleFlight } from "../platform/single-flight.ts";
import type { RevocationTarget } from "./contract.ts";

export type Principal = NonNullable<Awaited<ReturnType<typeof readPrincipal>>>;

/** One round trip to D1. */
async function readPrincipal(d1: D1Database, organizationId: OrganizationId, agentId: AgentId) {
  const db = openDatabase(d1);
  const [[organization], [agent], secrets, keys, policies] = await db.batch([
    db.select().from(organizations).where(eq(organizations.id, organizationId)),
    db
      .select()
      .from(agents)
      .where(and(eq(agents.id, agentId), eq(agents.organizationId, organizationId))),
    db
      .select()
      .from(credentials)
      .where(and(eq(credentials.agentId, agentId), isNull(credentials.revokedAt))),
    db
      .select()
      .from(agentKeys)
      .where(and(eq(agentKeys.agentId, agentId), isNull(agentKeys.replacedAt))),
    db.select({ id: trustPolicies.id }).from(trustPolicies).where(eq(trustPolicies.agentId, agentId)),
  ]);
  return organization && agent ? { organization, agent, credentials: secrets, keys, policies } : null;
}

/** Everything that the agent may be granted (conventions, "Scopes"). */
export function grantableTo({ agent }: Pick<Principal, "agent">): Scope[] {
  return [...capabilitiesOf(agent), ...platformScopesOf(agent)];
}

/**
 * While a change is in progress in D1, the ledger does not use its cached copy, and it refuses a target whose revocation is in
 * progress. A change that takes longer than this has failed, and the record in D1 is still right.
 */
const holdMs = 30_000;

/** How long concurrent requests wait for one shared read of D1. */
const patienceMs = 1_000;

/** The size of the cache in principals. QuickLRU holds up to twice as many; one takes about 2 KiB. */
const mostKnown = 2_500;

interface Hold {
  readonly sinceMs: number;
  readonly refuse: boolean;
}

/** The targets that take part in a sign-in. */
type SignInSubject = Extract<RevocationTarget, { kind: "organization" | "agent" | "credential" }>;

const agentKey = (agentId: AgentId) => `agent:${agentId}`;
const organizationKey = "organization";

/** The principals of one organization, and the changes in progress. */
export class Principals {
  readonly #sql: SqlStorage;
  readonly #d1: D1Database;
  readonly #known = new QuickLRU<AgentId, Principal>({ maxSize: mostKnown });
  readonly #loading = new Map<AgentId, SingleFlight<Principal | null>>();
  readonly #holds = new Map<string, Hold>();
  /** Grows with every change, so that a read from before the change does not enter the cache. */
  #generation = 0;

  constructor(sql: SqlStorage, d1: D1Database) {
    this.#sql = sql;
    this.#d1 = d1;
    sql.exec(`CREATE TABLE IF NOT EXISTS holds
      (subject TEXT PRIMARY KEY, since_ms INTEGER NOT NULL, refuse INTEGER NOT NULL) WITHOUT ROWID`);
    const rows = sql.exec<{ subject: string; since_ms: number; refuse: number }>(
      "SELECT subject, since_ms, refuse FROM holds",
    );
    for (const row of rows) this.#holds.set(row.subject, { sinceMs: row.since_ms, refuse: row.refuse === 1 });
  }

  /** The agent with its credentials and keys, or null when the organization has no such agent. */
  async find(organizationId: OrganizationId, agentId: AgentId, nowMs: number): Promise<Principal | null> {
    const known = this.#known.get(agentId);
    if (known) return known;
    if (this.#held(agentKey(agentId), nowMs) || this.#held(organizationKey, nowMs)) {
      return readPrincipal(this.#d1, organizationId, agentId);
    }
    const loads = this.#loading.get(agentId) ?? new SingleFlight(patienceMs);
    this.#loading.set(agentId, loads);
    try {
      return await loads.after(() => this.#load(organizationId, agentId));
    } finally {
      if (!loads.isRunning && this.#loading.get(agentId) === loads) this.#loading.delete(agentId);
    }
  }

  /**
   * Whether one of these hashes is that of a revoked credential of the agent. Revoked credentials are not cached: only a
   * failed sign-in needs them, for the reason in the audit log.
   */
  async wasRevoked(agentId: AgentId, hashes: readonly string[]): Promise<boolean> {
    const rows = await openDatabase(this.#d1)
      .select({ id: credentials.id })
      .from(credentials)
      .where(
        and(
          eq(credentials.agentId, agentId),
          isNotNull(credentials.revokedAt),
          inArray(credentials.secretHash, [...hashes]),
        ),
      )
      .limit(1);
    return rows.length > 0;
  }

  /** Whether the revocation of the target is in progress. */
  isWithdrawn(subject: SignInSubject, nowMs: number): boolean {
    return this.#held(keyOf(subject), nowMs)?.refuse ?? false;
  }

  /** Announces a change of the agent (null: of the organization) in D1. */
  expectChange(agentId: AgentId | null, nowMs: number): void {
    this.#hold(agentId ? agentKey(agentId) : organizationKey, nowMs, false);
    this.forget(agentId);
  }

  /** Announces a revocation in D1. Refuses the target from now on. */
  withdraw(subject: RevocationTarget, nowMs: number): void {
    if (subject.kind === "delegation") return;
    if (subject.kind === "scopes" || subject.kind === "secrets" || subject.kind === "unbound") {
      this.expectChange(subject.agentId, nowMs);
      return;
    }
    this.#hold(keyOf(subject), nowMs, true);
    if (subject.kind === "credential") this.#hold(agentKey(subject.agentId), nowMs, false);
    this.forget(subject.kind === "organization" ? null : subject.agentId);
  }

  /**
   * A change of the agent (null: of the organization) is complete in D1: drops the cached copy and releases its hold. A late
   * event of an older change releases nothing.
   */
  changed(agentId: AgentId | null, occurredAtMs: number): void {
    const subject = agentId ? agentKey(agentId) : organizationKey;
    const hold = this.#holds.get(subject);
    if (hold && hold.sinceMs <= occurredAtMs) this.#release(subject);
    this.forget(agentId);
  }

  /** Drops the cached copy of one agent, or of all (null). */
  forget(agentId: AgentId | null): void {
    this.#generation++;
    this.#loading.clear();
    if (agentId) this.#known.delete(agentId);
    else this.#known.clear();
  }

  forgetExpired(nowMs: number): void {
    for (const [subject, hold] of this.#holds) if (hold.sinceMs + holdMs < nowMs) this.#release(subject);
  }

  async #load(organizationId: OrganizationId, agentId: AgentId): Promise<Principal | null> {
    const generation = this.#generation;
    const principal = await readPrincipal(this.#d1, organizationId, agentId);
    if (principal && generation === this.#generation) this.#known.set(agentId, principal);
    return principal;
  }

  #held(subject: string, nowMs: number): Hold | undefined {
    const hold = this.#holds.get(subject);
    return hold && hold.sinceMs + holdMs >= nowMs ? hold : undefined;
  }

  #hold(subject: string, nowMs: number, refuse: boolean): void {
    const kept = this.#held(subject, nowMs);
    const hold = { sinceMs: nowMs, refuse: refuse || (kept?.refuse ?? false) };
    this.#holds.set(subject, hold);
    this.#sql.exec(
      "INSERT OR REPLACE INTO holds (subject, since_ms, refuse) VALUES (?, ?, ?)",
      subject,
      hold.sinceMs,
      hold.refuse ? 1 : 0,
    );
  }

  #release(subject: string): void {
    if (this.#holds.delete(subject)) this.#sql.exec("DELETE FROM holds WHERE subject = ?", subject);
  }
}

function keyOf(subject: SignInSubject): string {
  if (subject.kind === "organization") return organizationKey;
  return subject.kind === "agent" ? agentKey(subject.agentId) : `credential:${subject.credentialId}`;
}
