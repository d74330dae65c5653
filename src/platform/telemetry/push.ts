/**
 * Handing on what the isolate has counted. Only plain values are shared between requests, never a promise: whoever takes on
 * the duty to push may be cut off, and then the next request takes it over.
 */

import type { Context } from "../context.ts";
import { log } from "../log.ts";
import { type Batch, metricsAggregator, type Push, type Totals } from "./aggregator.ts";
import { type NoteCalls, pushCalls } from "./calls.ts";
import { takeCounted } from "./recording.ts";

/** How long counts are collected before one request pushes them for all. */
const collectMs = 1_000;
/** After so long, whoever had taken on the duty to push is taken to be gone. */
const dutyMs = 10_000;
/** Batches on their way at once; while there are so many, what is counted waits for the next one. */
const maxUnacknowledged = 4;

let isolate: string | null = null;
let lastSequence = 0;
let unacknowledged: readonly Batch[] = [];
/** Since when somebody has the duty to push; null while nobody has. */
let onDutySinceMs: number | null = null;

/**
 * Everything that the metrics aggregator may not have yet. A batch keeps its number until it is acknowledged, so that one that was added
 * although its answer got lost does not count twice.
 */
function nextPush(): Push {
  const tally = unacknowledged.length < maxUnacknowledged ? takeCounted() : null;
  if (tally) {
    lastSequence += 1;
    unacknowledged = [...unacknowledged, { sequence: lastSequence, tally }];
  }
  // Not at the top of the module: there is no randomness before the first request.
  isolate ??= crypto.randomUUID();
  return { isolate, batches: unacknowledged };
}

function acknowledge({ batches }: Push): void {
  const through = batches.at(-1)?.sequence ?? 0;
  unacknowledged = unacknowledged.filter(({ sequence }) => sequence > through);
}

type Reach = Pick<Context, "env" | "requestId">;

async function pushMetrics({ env }: Reach): Promise<void> {
  const push = nextPush();
  if (push.batches.length === 0) return;
  await metricsAggregator(env).add(push);
  acknowledge(push);
}

/**
 * Hands in everything that this isolate has counted, and answers with what all isolates have.
 *
 * @throws {DependencyDown} when the metrics object does not answer; the counts are kept
 */
export async function collectMetrics({ env }: Reach): Promise<Totals> {
  const push = nextPush();
  const totals = await metricsAggregator(env).collect(push);
  acknowledge(push);
  return totals;
}

const putOff = (reach: Reach) => (error: unknown) => log.warn(reach, "counts put off to the next push", { error });

/** Hands in everything that this isolate has counted, or else keeps it for the next push. For runs that are not requests. */
export const pushNow = (reach: Reach): Promise<void> => pushMetrics(reach).catch(putOff(reach));

async function pushAfterCollecting(reach: Reach, noteCalls: NoteCalls): Promise<void> {
  await scheduler.wait(collectMs);
  // What is counted from here on is somebody else's duty.
  onDutySinceMs = null;
  await Promise.all([pushNow(reach), pushCalls(reach, noteCalls).catch(putOff(reach))]);
}

/**
 * Sees to it that what was counted is handed on within about a second, after the answer. Most requests find somebody on duty
 * and do nothing.
 *
 * @param defer lets work go on after the answer
 */
export function pushSoon(reach: Reach, defer: (work: Promise<unknown>) => void, noteCalls: NoteCalls): void {
  const nowMs = performance.now();
  if (onDutySinceMs !== null && nowMs - onDutySinceMs < dutyMs) return;
  onDutySinceMs = nowMs;
  defer(pushAfterCollecting(reach, noteCalls));
}
