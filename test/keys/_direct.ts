/** Calling the keys room without HTTP: its own database, ledgers that only take notes, a clock that can be set. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import type { Caller } from "../../src/access/caller.ts";
import { forgetSigningKeys } from "../../src/keys/service.ts";
import { type Context, contextOf } from "../../src/platform/context.ts";
import { organizations, signingKeys } from "../../src/platform/db/schema.ts";
import type { Bindings } from "../../src/platform/env.ts";
import { type AgentId, newId, type OrganizationId, type TokenId } from "../../src/platform/ids.ts";

export const bindings = env as unknown as Bindings;

export interface Noted {
  readonly organizationId: string;
  readonly kid: string;
}

export interface Direct extends Context {
  /** What the ledgers were told. */
  readonly dropped: Noted[];
  /** Ledgers that do not answer. */
  readonly down: Set<string>;
  /** Everything that was put off until after the answer. */
  settled(): Promise<void>;
}

/** A context of its own, over the database of the test file. `overrides` replace bindings. */
export function direct(overrides: Partial<Bindings> = {}): Direct {
  const dropped: Noted[] = [];
  const down = new Set<string>();
  const deferred: Promise<unknown>[] = [];
  const ledgers = {
    idFromName: (name: string) => name,
    get: (organizationId: string) => ({
      async dropSigningKey(kid: string) {
        if (down.has(organizationId)) throw new Error("the object was reset");
        dropped.push({ organizationId, kid });
      },
    }),
  };
  const context = contextOf(
    { ...bindings, ORG_LEDGER: ledgers as unknown as DurableObjectNamespace, ...overrides },
    { requestId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", source: { ip: "192.0.2.1", userAgent: "test" } },
    (work) => deferred.push(work),
    async () => {},
  );
  const settled = async () => {
    await Promise.all(deferred.splice(0));
  };
  return Object.assign(context, { dropped, down, settled });
}

/** Empties the tables, the cache and the memory. */
export async function startOver(): Promise<void> {
  const context = direct();
  for (const table of ["signing_keys", "agent_keys", "organizations", "outbox"]) {
    await context.db.run(sql.raw(`DELETE FROM ${table}`));
  }
  const { keys } = await bindings.CACHE.list();
  await Promise.all(keys.map(({ name }) => bindings.CACHE.delete(name)));
  forgetSigningKeys(context);
}

/** An admin of the operator's organization. */
export const admin: Caller = {
  agentId: "0199f0c2-5a31-7c07-9f55-000000000001" as AgentId,
  organizationId: "0199f0c2-5a31-7c07-9f55-000000000002" as OrganizationId,
  credentialId: null,
  tokenId: "0199f0c2-5a31-7c07-9f55-000000000003" as TokenId,
  scopes: [],
  capabilities: [],
  role: "admin",
  isOperator: true,
  delegation: null,
};

/** Puts an organization into the database and nowhere else. */
export async function addOrganization(
  fields: Partial<typeof organizations.$inferInsert> = {},
): Promise<OrganizationId> {
  const nowMs = Date.now();
  const id = newId<OrganizationId>(nowMs);
  await direct()
    .db.insert(organizations)
    .values({
      id,
      name: "Some organization",
      slug: id,
      planTier: "free",
      status: "active",
      createdAt: nowMs,
      updatedAt: nowMs,
      ...fields,
    });
  return fields.id ?? id;
}

export const addOperator = () => addOrganization({ id: admin.organizationId, isOperator: true });

/** All rows of signing keys, the retired ones too. */
export const keyRows = () => direct().db.select().from(signingKeys);

/** The one key of this algorithm and state. */
export async function keyRow(alg: "ES256" | "RS256", state: string) {
  const rows = (await keyRows()).filter((row) => row.alg === alg && row.state === state);
  if (rows.length !== 1) throw new Error(`${rows.length} ${state} ${alg} keys`);
  return rows[0]!;
}

/** The events that wait in the outbox, oldest first. */
export async function waitingEvents() {
  const rows = await direct().db.all<{ event: string }>(sql`SELECT event FROM outbox ORDER BY id`);
  return rows.map(({ event }) => JSON.parse(event));
}

/** Counts what is asked of a database, and can hold the answers back. */
export function watched(database: D1Database) {
  const state = { prepared: 0, gate: null as Promise<unknown> | null };
  const hold = <T extends D1PreparedStatement>(statement: T): T =>
    new Proxy(statement, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...parameters: unknown[]) => {
          const result = value.apply(target, parameters);
          if (name === "bind") return hold(result);
          return state.gate ? state.gate.then(() => result) : result;
        };
      },
    });
  const proxy = new Proxy(database, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name !== "prepare") return typeof value === "function" ? value.bind(target) : value;
      return (query: string) => {
        state.prepared++;
        return hold(target.prepare(query));
      };
    },
  });
  return Object.assign(state, { database: proxy });
}
