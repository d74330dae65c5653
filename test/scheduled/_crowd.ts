/** A crowd of organizations, written straight into D1, with a stand-in for their ledgers, and runs whose D1 queries are counted. */
import { createMessageBatch, createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Bindings } from "../../src/platform/env.ts";
import worker from "../../src/worker.ts";

export const bindings = env as unknown as Bindings;
const { DB, ORG_LEDGER } = bindings;

/** A UUID of version 7 from the year 2020, for the n-th thing of a kind. */
export const idOf = (kind: number, n: number) =>
  `016f6000-0000-7000-8${String(kind).padStart(3, "0")}-${String(n).padStart(12, "0")}`;
export const organizationOf = (n: number) => idOf(1, n);

/** One statement for all rows, because a row each would take minutes. */
export async function insert(table: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  const values = columns.map((column) => `value ->> '${column}'`).join(", ");
  const statement = `INSERT INTO ${table} (${columns.join(", ")}) SELECT ${values} FROM json_each(?)`;
  await DB.prepare(statement).bind(JSON.stringify(rows)).run();
}

export const some = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));

export const addOrganizations = (count: number) =>
  insert(
    "organizations",
    some(count, (n) => ({
      id: organizationOf(n),
      name: `Crowd ${n}`,
      slug: `crowd-${n}`,
      is_operator: 0,
      plan_tier: "enterprise",
      status: "active",
      created_at: 0,
      updated_at: 0,
    })),
  );

export interface Head {
  readonly sequence: number;
  readonly hash: string;
  readonly eventId: string | null;
}

const genesis: Head = { sequence: 0, hash: "0".repeat(64), eventId: null };

/** The ledgers of the crowd: what they were given, and the heads of their chains. */
export const recorded = new Map<string, string[]>();
export const heads = new Map<string, Head>();
/** Ledgers that do not answer. */
export const deaf = new Set<string>();

function ledgerStandIn(organizationId: string) {
  if (deaf.has(organizationId)) return new Proxy({}, { get: () => () => Promise.reject(new Error("down")) });
  const head = () => heads.get(organizationId) ?? genesis;
  return {
    async record(events: readonly { id: string }[]) {
      recorded.set(organizationId, [...(recorded.get(organizationId) ?? []), ...events.map(({ id }) => id)]);
    },
    flush: async () => ({ ...head(), anchorSequence: 0 }),
    dueCheckpoints: async () => [],
    noteCheckpoint: async () => null,
    anchorAt: async () => undefined,
    dropSigningKey: async () => undefined,
  };
}

const isOfCrowd = (organizationId: string) => organizationId.startsWith("016f6000-");

const ledgers = {
  idFromName: (name: string) => (isOfCrowd(name) ? name : ORG_LEDGER.idFromName(name)),
  get: (id: DurableObjectId | string) => (typeof id === "string" ? ledgerStandIn(id) : ORG_LEDGER.get(id)),
} as unknown as DurableObjectNamespace;

/** The statements that a database was sent, each of a batch included. */
function counting(): { readonly database: D1Database; sent(): number } {
  let sent = 0;
  const raw = new WeakMap<object, D1PreparedStatement>();
  const statementOf = (own: D1PreparedStatement): D1PreparedStatement => {
    const send =
      (name: "all" | "first" | "raw" | "run") =>
      (...parameters: unknown[]) => {
        sent += 1;
        return (own[name] as (...given: unknown[]) => unknown)(...parameters);
      };
    const statement = {
      bind: (...values: unknown[]) => statementOf(own.bind(...values)),
      ...Object.fromEntries((["all", "first", "raw", "run"] as const).map((name) => [name, send(name)])),
    } as unknown as D1PreparedStatement;
    raw.set(statement, own);
    return statement;
  };
  const batch = (statements: D1PreparedStatement[]) => {
    sent += statements.length;
    return DB.batch(statements.map((statement) => raw.get(statement) ?? statement));
  };
  const database = { prepare: (query: string) => statementOf(DB.prepare(query)), batch } as unknown as D1Database;
  return { database, sent: () => sent };
}

export interface Invocation {
  /** D1 statements. */
  readonly queries: number;
  /** What was put into the queue. */
  readonly queued: readonly unknown[];
}

async function invoke(work: (env: Bindings, execution: ExecutionContext) => Promise<unknown>): Promise<Invocation> {
  const { database, sent } = counting();
  const queued: unknown[] = [];
  const queue = {
    send: async (body: unknown) => void queued.push(body),
    sendBatch: async (messages: readonly { body: unknown }[]) => void queued.push(...messages.map(({ body }) => body)),
  };
  // What an invocation defers, such as its metrics a second later, is not waited for.
  const execution = { waitUntil: () => undefined } as unknown as ExecutionContext;
  const overrides = { DB: database, ORG_LEDGER: ledgers, WEBHOOK_QUEUE: queue as unknown as Queue };
  await work({ ...bindings, ...overrides }, execution);
  return { queries: sent(), queued };
}

/** One run of the Cron Trigger. */
export const runCron = (settings: Partial<Bindings> = {}): Promise<Invocation> =>
  invoke((given, execution) => worker.scheduled(createScheduledController(), { ...given, ...settings }, execution));

/** Delivers messages as the queue does, five at a time (`wrangler.toml`). */
export async function deliver(bodies: readonly unknown[]): Promise<Invocation[]> {
  const invocations: Invocation[] = [];
  for (let from = 0; from < bodies.length; from += 5) {
    const messages = bodies.slice(from, from + 5).map((body, n) => {
      return { id: `${from + n}`, timestamp: new Date(), attempts: 1, body };
    });
    const batch = createMessageBatch("agentidp-webhooks", messages);
    invocations.push(await invoke((given, execution) => worker.queue(batch, given, execution)));
  }
  return invocations;
}
