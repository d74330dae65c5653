/** The metrics object by its RPC surface: what it adds up stays, and nothing counts twice. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import type { MetricsAggregator, Push } from "../../../src/platform/telemetry/aggregator.ts";
import { emptyTally, keyOf, type Tally } from "../../../src/platform/telemetry/tally.ts";
import { unique } from "../../support/api.ts";
import { bindings } from "./_monitored-app.ts";

const issued = keyOf("agentidp_tokens_issued_total", ["client_credentials", "issued"]);
const lent = keyOf("agentidp_delegation_chain_depth", []);
const integrityOf = (subject: string) => keyOf("agentidp_audit_chain_integrity", [subject]);
const expiring = keyOf("agentidp_credentials_expiring_soon", [""]);

/** A metrics object of a test's own. */
function newAggregator() {
  const id = bindings.METRICS.idFromName(unique("aggregator"));
  const stub = () => bindings.METRICS.get(id);
  return {
    add: (push: Push) => (stub() as unknown as MetricsAggregator).add(push),
    totals: async () =>
      (await (stub() as unknown as MetricsAggregator).collect({ isolate: "reader", batches: [] })).tally,
    lastPushMs: async () =>
      (await (stub() as unknown as MetricsAggregator).collect({ isolate: "reader", batches: [] })).lastPushMs,
    fold: () => runDurableObjectAlarm(stub()),
    restart: () => evictDurableObject(stub()),
    rows: (table: string) =>
      runInDurableObject(stub(), (_, { storage }) => storage.sql.exec(`SELECT * FROM ${table}`).toArray().length),
  };
}

const tokens = (count: number): Tally => ({ ...emptyTally(), counters: new Map([[issued, count]]) });
const push = (isolate: string, ...batches: [sequence: number, tally: Tally][]): Push => ({
  isolate,
  batches: batches.map(([sequence, tally]) => ({ sequence, tally })),
});
const gauge = (key: string, value: number, atMs: number): Tally => ({
  ...emptyTally(),
  gauges: new Map([[key, { value, atMs }]]),
});

it("adds what several isolates have counted", async () => {
  const aggregator = newAggregator();
  expect(await aggregator.lastPushMs()).toBe(null);
  await aggregator.add(push("a", [1, tokens(2)]));
  await aggregator.add(push("b", [1, tokens(3)]));
  await aggregator.add(push("a", [2, tokens(5)]));
  const observed = { ...emptyTally(), histograms: new Map([[lent, { sum: 1, counts: [1, 0, 0, 0, 0] }]]) };
  await aggregator.add(push("a", [3, observed], [4, observed]));
  const { counters, histograms } = await aggregator.totals();
  expect(counters.get(issued)).toBe(10);
  expect(histograms.get(lent)).toEqual({ sum: 2, counts: [2, 0, 0, 0, 0] });
  expect(await aggregator.lastPushMs()).toBeGreaterThan(Date.now() - 10_000);
});

it("counts a batch once, however often it comes: before it is folded, after it, and after a restart", async () => {
  const aggregator = newAggregator();
  const twice = push("a", [1, tokens(1)], [2, tokens(10)]);
  await aggregator.add(push("a", [1, tokens(1)]));
  await aggregator.add(twice);
  await aggregator.add(push("a", [1, tokens(1)]));
  expect((await aggregator.totals()).counters.get(issued)).toBe(11);
  expect(await aggregator.fold()).toBe(true);
  await aggregator.add(twice);
  await aggregator.restart();
  await aggregator.add(twice);
  expect((await aggregator.totals()).counters.get(issued)).toBe(11);
});

it("forgets nothing in a restart, folded or not", async () => {
  const aggregator = newAggregator();
  await aggregator.add(push("a", [1, tokens(1)]));
  await aggregator.fold();
  await aggregator.add(push("a", [2, tokens(2)]));
  await aggregator.restart();
  expect((await aggregator.totals()).counters.get(issued)).toBe(3);
  await aggregator.fold();
  await aggregator.restart();
  expect((await aggregator.totals()).counters.get(issued)).toBe(3);
  expect([await aggregator.rows("journal"), await aggregator.rows("totals")]).toEqual([0, 1]);
});

it("lets the latest reading of a gauge stand, whichever comes last", async () => {
  const aggregator = newAggregator();
  await aggregator.add(push("a", [1, gauge(expiring, 4, 2_000)]));
  await aggregator.add(push("b", [1, gauge(expiring, 9, 1_000)]));
  expect((await aggregator.totals()).gauges.get(expiring)?.value).toBe(4);
});

it("keeps of a gauge over many subjects only those that have a fault", async () => {
  const aggregator = newAggregator();
  const organizations = Array.from({ length: 50 }, (_, n) => `organization-${n}`);
  for (const [n, id] of organizations.entries())
    await aggregator.add(push("a", [n + 1, gauge(integrityOf(id), 1, 1_000)]));
  await aggregator.add(push("b", [1, gauge(integrityOf("broken"), 0, 1_000)]));
  await aggregator.fold();
  expect([...(await aggregator.totals()).gauges.keys()]).toEqual([integrityOf("broken")]);
  await aggregator.restart();
  await aggregator.add(push("b", [2, gauge(integrityOf("broken"), 1, 2_000)]));
  await aggregator.fold();
  expect((await aggregator.totals()).gauges.size).toBe(0);
  expect(await aggregator.rows("totals")).toBe(0);
});

it("begins a histogram anew when its buckets have changed", async () => {
  const aggregator = newAggregator();
  const with3 = { ...emptyTally(), histograms: new Map([[lent, { sum: 5, counts: [1, 1, 1] }]]) };
  const with2 = { ...emptyTally(), histograms: new Map([[lent, { sum: 1, counts: [1, 0] }]]) };
  await aggregator.add(push("a", [1, with3], [2, with2], [3, with2]));
  expect((await aggregator.totals()).histograms.get(lent)).toEqual({ sum: 2, counts: [2, 0] });
});

it("has room for so many series and no more", async () => {
  const aggregator = newAggregator();
  const many = (from: number, count: number): Tally => ({
    ...emptyTally(),
    counters: new Map(Array.from({ length: count }, (_, n) => [keyOf("x", [String(from + n)]), 1])),
  });
  await aggregator.add(push("a", [1, many(0, 15_000)], [2, many(10_000, 15_000)], [3, many(0, 1)]));
  const { counters } = await aggregator.totals();
  expect([counters.size, counters.get(keyOf("x", ["0"])), counters.get(keyOf("x", ["24999"]))]).toEqual([
    20_000,
    2,
    undefined,
  ]);
});
