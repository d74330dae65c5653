/** A second user of the machine: notices to devices, with a table, a queue, a signature and a schedule of its own. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createHmac } from "node:crypto";
import { type SQL, sql } from "drizzle-orm";
import { primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { vi } from "vitest";
import type { SignedMessage } from "../../src/deliveries/attempt.ts";
import type { Channel } from "../../src/deliveries/channel.ts";
import { attemptDue, type Due, maintainDeliveries, requeueDue } from "../../src/deliveries/consumer.ts";
import { gone, type Schedule } from "../../src/deliveries/schedule.ts";
import { countFailureIfChanged, disableIfChanged, restart } from "../../src/deliveries/store.ts";
import { type Context, contextOf } from "../../src/platform/context.ts";
import { attemptColumns, deliveryColumns, endpointColumns } from "../../src/platform/db/schema.ts";
import type { Bindings } from "../../src/platform/env.ts";

export const bindings = env as unknown as Bindings;

const devices = sqliteTable("test_devices", {
  id: text().primaryKey(),
  address: text().notNull(),
  token: text().notNull(),
  ...endpointColumns(),
});

const notices = sqliteTable("test_notices", {
  id: text().primaryKey(),
  endpointId: text("device").notNull(),
  content: text().notNull(),
  ...deliveryColumns(),
});

/** Its columns are in an order of their own. */
const tries = sqliteTable(
  "test_tries",
  { ...attemptColumns(), deliveryId: text("notice").notNull(), endpointId: text("device").notNull() },
  (table) => [primaryKey({ columns: [table.endpointId, table.deliveryId, table.slot] })],
);

const createTables = [
  `CREATE TABLE test_devices (id TEXT PRIMARY KEY, address TEXT NOT NULL, token TEXT NOT NULL, active INTEGER NOT NULL,
    failure_count INTEGER NOT NULL, slow_until INTEGER NOT NULL, updated_at INTEGER NOT NULL)`,
  `CREATE TABLE test_notices (id TEXT PRIMARY KEY, device TEXT NOT NULL, content TEXT NOT NULL, status TEXT NOT NULL,
    attempt_count INTEGER NOT NULL, due_at INTEGER, claimed_until INTEGER, http_status_code INTEGER, response_body TEXT,
    error TEXT, note TEXT, delivered_at INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL)`,
  `CREATE TABLE test_tries (slot INTEGER NOT NULL, number INTEGER NOT NULL, started_at INTEGER NOT NULL,
    http_status_code INTEGER, error TEXT, duration_ms INTEGER NOT NULL, notice TEXT NOT NULL, device TEXT NOT NULL,
    PRIMARY KEY (device, notice, slot))`,
];

export const makeTables = async (): Promise<void> => {
  await bindings.DB.batch(createTables.map((statement) => bindings.DB.prepare(statement)));
};

/** Three attempts. */
export const schedule: Schedule = { pausesMs: [1_000, 5_000], jitter: 0, longestRetryAfterMs: 20_000 };

/** A token as RFC 6750 has it, and an HMAC that webhooks do not have. */
export const signed = (token: string, { id, body, sentAtMs }: SignedMessage) => ({
  Authorization: `Bearer ${token}`,
  "Content-Type": "application/x-notice",
  "X-Notice-Signature": createHmac("sha512", "a-push-secret")
    .update(`${id}.${sentAtMs / 1000}.${body}`)
    .digest("hex"),
});

interface Found {
  readonly id: string;
  readonly address: string;
  readonly token: string;
  readonly slowUntil: number;
}

let queued: { readonly body: unknown; readonly delaySeconds: number }[] = [];
let counted: string[] = [];

export const noticeChannel: Channel<typeof notices.$inferSelect, Found> = {
  name: "notices",
  tables: { deliveries: notices, attempts: tries, endpoints: devices },
  schedule,
  queue: () => ({
    async sendBatch(messages, options) {
      for (const { body } of messages) queued.push({ body, delaySeconds: options?.delaySeconds ?? 0 });
      return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } } as never;
    },
  }),
  messages: { delivery: (notice) => ({ notice }), endpoint: (device) => ({ device }) },
  messageOf: ({ id, content }) => ({ id, type: "notice", body: content }),
  findEndpoints: ({ db }, ids: SQL) =>
    db
      .select({ id: devices.id, address: devices.address, token: devices.token, slowUntil: devices.slowUntil })
      .from(devices)
      .where(sql`${devices.id} IN ${ids}`),
  endpointsOf: (_, found) =>
    found.map(({ id, address, token, slowUntil }) => ({
      id,
      url: address,
      slowUntil,
      sign: (message) => signed(token, message),
    })),
  count: (outcome) => void counted.push(outcome),
  async giveUp(context, { endpoint: { id } }, { httpStatusCode }, end) {
    await context.db.batch([
      ...end,
      countFailureIfChanged(context, devices, id, context.now()),
      disableIfChanged(context, devices, id, httpStatusCode === gone ? 0 : 2),
    ]);
  },
};

type Behavior = (url: string, init: RequestInit) => Response | Promise<Response>;

export interface Sent {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly atMs: number;
}

let sent: Sent[] = [];

/** Takes the place of the Internet, and holds the clock at the beginning of 2026. Call it before each test. */
export function takeOver(): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 0, 1) });
  [queued, counted, sent] = [[], [], []];
}

export const giveBack = (): void => {
  vi.restoreAllMocks();
  vi.useRealTimers();
};

/** What every endpoint answers from now on. */
export function answer(behave: Behavior): void {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    sent.push({ url: String(input), headers, body: String(init.body), atMs: Date.now() });
    return behave(String(input), init);
  });
}

export const answerWith =
  (status: number, headers: Record<string, string> = {}): Behavior =>
  () =>
    new Response("so be it", { status, headers });

/** Answers when the test says so. */
export function answerLater() {
  const held: (() => void)[] = [];
  answer(() => new Promise((resolve) => void held.push(() => resolve(new Response()))));
  return {
    underWay: () => held.length,
    release: () => {
      for (const one of held.splice(0)) one();
    },
  };
}

export const requests = (): readonly Sent[] => sent;
export const outcomes = (): readonly string[] => counted;

/** Takes every message out of the queue. */
export const takeMessages = () => queued.splice(0);

export const advance = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

let made = 0;

export async function newDevice({ active = 1 } = {}): Promise<string> {
  const id = `device-${++made}`;
  await bindings.DB.prepare("INSERT INTO test_devices VALUES (?, ?, ?, ?, 0, 0, 0)")
    .bind(id, `https://${id}.example.com/notices`, `token of ${id}`, active)
    .run();
  return id;
}

/** A notice that is due at once. */
export async function newNotice(device: string, id = `notice-${++made}`): Promise<string> {
  await bindings.DB.prepare(
    "INSERT INTO test_notices VALUES (?, ?, '{\"n\":1}', 'pending', 0, ?3, NULL, NULL, NULL, NULL, NULL, NULL, ?3, ?3)",
  )
    .bind(id, device, Date.now())
    .run();
  return id;
}

const rowOf = (table: string) => (id: string) =>
  bindings.DB.prepare(`SELECT * FROM ${table} WHERE id = ?`).bind(id).first<Record<string, unknown>>();

export const noticeOf = rowOf("test_notices");
export const deviceOf = rowOf("test_devices");

/** The attempts of a notice, oldest first: number, beginning, status, error, duration. */
export const triesOf = (id: string) =>
  bindings.DB.prepare(
    "SELECT number, started_at, http_status_code, error, duration_ms FROM test_tries WHERE notice = ? ORDER BY number",
  )
    .bind(id)
    .raw<(number | string | null)[]>();

/** Repeats a notice as a caller of the API would. */
export const repeat = (device: string, id: string) =>
  invoked((context) => restart(context, noticeChannel.tables, device, id, context.now()));

/** Runs something as one invocation of a Worker; answers with how long it was waited for, and with its end. */
async function invoked(run: (context: Context) => Promise<unknown>) {
  const execution = createExecutionContext();
  const source = { ip: "", userAgent: "test" };
  const context = contextOf(
    bindings,
    { requestId: "test", source },
    (work) => execution.waitUntil(work),
    async () => undefined,
  );
  const startMs = performance.now();
  await run(context);
  return { waitedMs: performance.now() - startMs, ended: () => waitOnExecutionContext(execution) };
}

export const attemptIn = (due: Partial<Due>) =>
  invoked((context) => attemptDue(noticeChannel, context, { deliveries: [], endpoints: [], ...due }));

/** The same, to the end of everything that it sets off. */
export const attemptAll = async (due: Partial<Due>): Promise<void> => (await attemptIn(due)).ended();

export const sweepAll = async (): Promise<void> =>
  (await invoked((context) => maintainDeliveries(noticeChannel, context))).ended();

export const requeueAll = async (due: Partial<Due>): Promise<void> =>
  (await invoked((context) => requeueDue(noticeChannel, context, { deliveries: [], endpoints: [], ...due }))).ended();
