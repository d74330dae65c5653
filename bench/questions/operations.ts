/** How many calls of D1 and of objects does a request make, and what do they cost with a distant object? */
import { type Figures, type Request, run } from "../load.ts";
import type { Question } from "../question.ts";
import { agentScope, flushEvents, type Service, send, startService, tokenRequest } from "../service.ts";
import { milliseconds, type Table, whole } from "../table.ts";
import type { Counts } from "../workers/counts.ts";
import { everydayCalls } from "./endpoints.ts";

/** The round trip to an object on another continent. */
const distanceMs = 150;
/** The number of requests before the count, to fill the caches, and during it. */
interface Amount {
  readonly warmUps: number;
  readonly requests: number;
}

interface Measured {
  readonly name: string;
  /** Per request, on average. */
  readonly counts: Counts;
  readonly figures: Figures;
}

/** Sends requests one after the other, and counts. Alarms and pushes of metrics count too. */
async function measure(
  { origin, organization }: Service,
  name: string,
  request: Request,
  { warmUps, requests }: Amount,
): Promise<Measured> {
  for (let index = 0; index < warmUps; index++) await send(origin, request);
  await flushEvents(origin, organization);
  const takeCounts = () => send<Counts>(origin, { method: "GET", path: "/bench/counts" });
  await takeCounts();
  const figures = await run({ origin, request, connections: 1, until: { requests } });
  const totals = await takeCounts();
  const counts = Object.fromEntries(Object.entries(totals).map(([what, count]) => [what, count / requests]));
  return { name, counts: counts as unknown as Counts, figures };
}

async function measureAll(service: Service, amount: Amount): Promise<Measured[]> {
  const calls = [
    { name: "token by secret", request: tokenRequest(service.agent, agentScope) },
    ...(await everydayCalls(service)),
  ];
  const measured: Measured[] = [];
  for (const { name, request } of calls) {
    if (typeof request === "function") throw new Error(`${name} cannot be repeated`);
    measured.push(await measure(service, name, request, amount));
  }
  return measured;
}

const perRequest = (count: number) => (Number.isInteger(count) ? String(count) : count.toFixed(2));

function countsTable(measured: readonly Measured[]): Table {
  const columns: readonly [keyof Counts, string][] = [
    ["d1Calls", "D1 calls"],
    ["objectCalls", "object calls"],
    ["objectCommits", "durable commits"],
    ["objectStatements", "statements in objects"],
    ["objectRows", "rows written in objects"],
    ["metricsCalls", "calls for metrics"],
  ];
  return {
    name: "operations",
    title: "What one request asks of the stores, warm",
    columns: ["what", ...columns.map(([, title]) => title)],
    rows: measured.map(({ name, counts }) => [name, ...columns.map(([what]) => perRequest(counts[what]))]),
  };
}

export const operations: Question = {
  name: "operations",
  answer: async ({ plan, progress }) => {
    const near = await startService({ which: "instrumented" });
    const nearAmount = plan.isQuick ? { warmUps: 5, requests: 200 } : { warmUps: 20, requests: 1_000 };
    const measured = await measureAll(near, nearAmount);
    await near.stop();
    progress("counted");
    const bindings = { BENCH_OBJECT_DELAY_MS: String(distanceMs) };
    const far = await startService({ which: "instrumented", bindings });
    const distant = await measureAll(far, plan.isQuick ? { warmUps: 2, requests: 4 } : { warmUps: 20, requests: 40 });
    await far.stop();
    const distance: Table = {
      name: "distance",
      title: `One request at a time, with ${distanceMs} ms more for every call of an object`,
      columns: ["what", "object calls", "near, p50 ms", "far, p50 ms"],
      rows: measured.map(({ name, counts, figures }, index) => [
        name,
        whole(counts.objectCalls),
        milliseconds(figures.p50),
        milliseconds(distant[index]?.figures.p50 ?? Number.NaN),
      ]),
    };
    return { tables: [countsTable(measured), distance], measured: { counted: measured, distant } };
  },
};
