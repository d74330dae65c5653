/**
 * Pushes the counts of the isolate to the metrics aggregator. Requests share plain values only, never a promise: the runtime may
 * cancel the request that is about to push, and then the next request pushes.
 */
import type { Context } from "../context.ts";
import type { Bindings } from "../env.ts";
import { log } from "../log.ts";
import { type Batch, metricsAggregator, type Push, type Totals } from "./aggregator.ts";
import { type NoteCalls, pushCalls } from "./calls.ts";
import { takeCounts } from "./recording.ts";

/** How long counts are collected before one request pushes them for all. */
const collectMs = 1_000;
/** After this time, a request that was about to push counts as cancelled. */
const cancelledAfterMs = 10_000;
/** While there are so many batches without acknowledgement, new counts wait for the next batch. */
const maxUnacknowledged = 4;

let isolate: string | null = null;
let lastSequence = 0;
let unacknowledged: readonly Batch[] = [];
/** When a request took on the next push; null while none has. */
let takenOnAtMs: number | null = null;

/**
 * Everything that the metrics aggregator may not have. A batch keeps its number until it is acknowledged, so that a batch whose
 * answer was lost does not count twice.
 */
function nextPush(): Push {
  const tally = unacknowledged.length < maxUnacknowledged ? takeCounts() : null;
  if (tally) {
    lastSequence += 1;
    unacknowledged = [...unacknowledged, { sequence: lastSequence, tally }];
  }
  // Not at the top of the module: Workers have no randomness before the first request.
  isolate ??= crypto.randomUUID();
  return { isolate, batches: unacknowledged };
}

function acknowledge({ batches }: Push): void {
  const through = batches.at(-1)?.sequence ?? 0;
  unacknowledged = unacknowledged.filter(({ sequence }) => sequence > through);
}

type Reach = Pick<Context, "env" | "requestId">;

/**
 * Pushes the counts of this isolate.
 *
 * @throws {DependencyDown} when the metrics object does not answer; the counts are kept
 */
export async function pushMetrics({ env }: { readonly env: Pick<Bindings, "METRICS"> }): Promise<void> {
  const push = nextPush();
  if (push.batches.length === 0) return;
  await metricsAggregator(env).add(push);
  acknowledge(push);
}

/**
 * Pushes the counts of this isolate, and returns the totals of all isolates.
 *
 * @throws {DependencyDown} when the metrics object does not answer; the counts are kept
 */
export async function collectMetrics({ env }: Reach): Promise<Totals> {
  const push = nextPush();
  const totals = await metricsAggregator(env).collect(push);
  acknowledge(push);
  return totals;
}

const deferred = (reach: Reach) => (error: unknown) => log.warn(reach, "counts deferred to the next push", { error });

/** Pushes the counts of this isolate, for runs that are not requests. A failure keeps them for the next push. */
export const pushNow = (reach: Reach): Promise<void> => pushMetrics(reach).catch(deferred(reach));

async function pushAfterCollecting(reach: Reach, noteCalls: NoteCalls): Promise<void> {
  await scheduler.wait(collectMs);
  // Later counts belong to the next push.
  takenOnAtMs = null;
  await Promise.all([pushNow(reach), pushCalls(reach, noteCalls).catch(deferred(reach))]);
}

/**
 * Pushes the counts within about a second, after the response. Does nothing when another request has taken on the push.
 *
 * @param defer continues work after the response
 */
export function pushSoon(reach: Reach, defer: (work: Promise<unknown>) => void, noteCalls: NoteCalls): void {
  const nowMs = performance.now();
  if (takenOnAtMs !== null && nowMs - takenOnAtMs < cancelledAfterMs) return;
  takenOnAtMs = nowMs;
  defer(pushAfterCollecting(reach, noteCalls));
}
