/** No dependency is waited for without end. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DependencyDown } from "../../src/platform/dependency.ts";
import type { Bindings } from "../../src/platform/env.ts";
import { longestWaitMs, withTimeLimits } from "../../src/platform/time-limits.ts";
import { getWith } from "../support/with-bindings.ts";

const bindings = env as unknown as Bindings;
const never = () => new Promise<never>(() => undefined);
const silent = new Proxy({}, { get: () => never });
const silentObjects = { idFromName: () => "id", get: () => silent } as unknown as DurableObjectNamespace;
const silentStatement = { bind: () => silentStatement, all: never, first: never, raw: never, run: never };
const silentDatabase = { prepare: () => silentStatement, batch: never } as unknown as D1Database;

const silentBindings = withTimeLimits({
  ...bindings,
  DB: silentDatabase,
  CACHE: silent as KVNamespace,
  WEBHOOK_QUEUE: silent as Queue,
  ORG_LEDGER: silentObjects,
  DELEGATION_CHAIN: silentObjects,
  METRICS: silentObjects,
});

type Silent = (bound: Bindings) => Promise<unknown>;

const statement = ({ DB }: Bindings) => DB.prepare("SELECT ?").bind(1);
const object = (namespace: DurableObjectNamespace) =>
  namespace.get(namespace.idFromName("one")) as unknown as { ping(): Promise<void> };

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

it.each<[string, Silent]>([
  ["a statement: all", (bound) => statement(bound).all()],
  ["a statement: first", (bound) => statement(bound).first()],
  ["a statement: raw", (bound) => statement(bound).raw()],
  ["a statement: run", (bound) => statement(bound).run()],
  ["a batch", (bound) => bound.DB.batch([statement(bound)])],
  ["the cache", ({ CACHE }) => CACHE.get("key")],
  ["the queue", ({ WEBHOOK_QUEUE }) => WEBHOOK_QUEUE.send({})],
  ["a ledger", ({ ORG_LEDGER }) => object(ORG_LEDGER).ping()],
  ["a chain", ({ DELEGATION_CHAIN }) => object(DELEGATION_CHAIN).ping()],
  ["the metrics object", ({ METRICS }) => object(METRICS).ping()],
])("%s that never answers is down after ten seconds, and not before", async (_, ask) => {
  let outcome: unknown = "waiting";
  ask(silentBindings).catch((error: unknown) => {
    outcome = error;
  });
  await vi.advanceTimersByTimeAsync(longestWaitMs - 1);
  expect(outcome).toBe("waiting");
  await vi.advanceTimersByTimeAsync(1);
  expect(outcome).toBeInstanceOf(DependencyDown);
});

it("a request over a database that never answers gets its 503", async () => {
  const request = getWith({ DB: silentDatabase }, "/api/v1/marketplace/agents");
  await vi.advanceTimersByTimeAsync(longestWaitMs);
  const { status, headers, body } = await request;
  expect([status, body.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
  expect(headers.get("Retry-After")).toBe("1");
});

it("what answers in time is not touched, and leaves no timer behind", async () => {
  const { DB, CACHE, ORG_LEDGER } = withTimeLimits(bindings);
  const two = DB.prepare("SELECT ?1 + ?2 AS sum").bind(1, 1);
  expect((await two.all()).results).toEqual([{ sum: 2 }]);
  expect(await two.first("sum")).toBe(2);
  const [first, second] = await DB.batch([two, DB.prepare("SELECT 3 AS sum")]);
  expect([first?.results, second?.results]).toEqual([[{ sum: 2 }], [{ sum: 3 }]]);
  await CACHE.put("bounded", "kept");
  expect(await CACHE.get("bounded")).toBe("kept");
  expect(await object(ORG_LEDGER).ping()).toBe(undefined);
  expect(vi.getTimerCount()).toBe(0);
});

it("a lost connection to the database is no bug of ours; what the database says of a statement is left to whoever asked", async () => {
  const lost = () => Promise.reject(new Error("Network connection lost."));
  const { DB } = withTimeLimits({
    ...bindings,
    DB: { prepare: () => ({ all: lost }), batch: lost } as unknown as D1Database,
  });
  await expect(DB.batch([])).rejects.toBeInstanceOf(DependencyDown);
  await expect(DB.prepare("SELECT 1").all()).rejects.toBeInstanceOf(DependencyDown);
  const wrong = withTimeLimits(bindings).DB.prepare("SELECT * FROM missing").all();
  await expect(wrong).rejects.toThrow("no such table: missing");
  await expect(wrong).rejects.not.toBeInstanceOf(DependencyDown);
});

it("is the same for the same bindings, so that what is kept by binding is kept", () => {
  expect(withTimeLimits(bindings)).toBe(withTimeLimits(bindings));
  expect(withTimeLimits({ ...bindings }).DB).toBe(withTimeLimits(bindings).DB);
});
