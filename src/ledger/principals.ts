/** The organization's agents for the ledger: read from D1 once, cached in memory, dropped on every change. */

import { and, eq, inArray, isNotNull, isNull } from "drizzle-orm";
import QuickLRU from "quick-lru";
import { capabilitiesOf, platformScopesOf } from "../access/scopes.ts";
import { openDatabase } from "../platform/db/client.ts";
import { agentKeys, agents, credentials, organizations, trustPolicies } from "../platform/db/schema.ts";
import type { AgentId, HoldId, OrganizationId, Scope } from "../platform/ids.ts";
import { SingleFlight } from "../platform/single-flight.ts";
import { agentOf, type Held, type Holds } from "./holds.ts";

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

/** How long concurrent requests wait for one shared read of D1. */
const patienceMs = 1_000;

/** The size of the cache in principals. QuickLRU holds up to twice as many; one takes about 2 KiB. */
const mostKnown = 2_500;

/** The principals of one organization. While a change of one is in progress, each call reads it from D1. */
export class Principals {
  readonly #holds: Holds;
  readonly #d1: D1Database;
  readonly #known = new QuickLRU<AgentId, Principal>({ maxSize: mostKnown });
  readonly #loading = new Map<AgentId, SingleFlight<Principal | null>>();
  /** Grows with every change, so that a read from before the change does not enter the cache. */
  #generation = 0;

  constructor(holds: Holds, d1: D1Database) {
    this.#holds = holds;
    this.#d1 = d1;
  }

  /** The agent with its credentials and keys, or null when the organization has no such agent. */
  async find(organizationId: OrganizationId, agentId: AgentId, nowMs: number): Promise<Principal | null> {
    this.releaseExpired(nowMs);
    const known = this.#known.get(agentId);
    if (known) return known;
    if (this.#holds.has(agentId)) return readPrincipal(this.#d1, organizationId, agentId);
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

  /** Sets the hold of a change, and drops the cached copy of what it changes. */
  hold(id: HoldId, targets: readonly Held[], nowMs: number): void {
    this.#holds.set(id, targets, nowMs);
    for (const target of targets) this.forget(agentOf(target));
  }

  /** Releases the hold of a change; see {@link Holds.release}. */
  release(id: HoldId, written: boolean, nowMs: number): void {
    for (const target of this.#holds.release(id, written, nowMs)) this.forget(agentOf(target));
  }

  /** Releases the holds whose deadline has passed. The next call reads the records anew. */
  releaseExpired(nowMs: number): void {
    for (const target of this.#holds.releaseExpired(nowMs)) this.forget(agentOf(target));
  }

  /** Drops the cached copy of one agent, of all (null), or of none (undefined). */
  forget(agentId: AgentId | null | undefined): void {
    if (agentId === undefined) return;
    this.#generation++;
    this.#loading.clear();
    if (agentId) this.#known.delete(agentId);
    else this.#known.clear();
  }

  async #load(organizationId: OrganizationId, agentId: AgentId): Promise<Principal | null> {
    const generation = this.#generation;
    const principal = await readPrincipal(this.#d1, organizationId, agentId);
    if (principal && generation === this.#generation) this.#known.set(agentId, principal);
    return principal;
  }
}
