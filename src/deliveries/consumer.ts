/**
 * Handles the messages of a queue. Attempts run concurrently, and a batch waits for none of them for long (`slow.ts`). When an
 * attempt of a slow endpoint has ended, it queues the next one; until then the endpoint's other deliveries wait in D1.
 *
 * One message leads to at most one attempt, so a batch of five stays below the six connections that an invocation may have
 * open: a further attempt would wait for a connection while its own time limit runs.
 */
import type { Context } from "../platform/context.ts";
import { log } from "../platform/log.ts";
import { dayMs } from "../platform/time.ts";
import { type AttemptOutcome, attempt } from "./attempt.ts";
import type { AnyChannel, Claim } from "./channel.ts";
import { queueDeliveries, queueDue } from "./queue.ts";
import { nextAfter } from "./schedule.ts";
import { endsInTime, isSlow } from "./slow.ts";
import {
  type ClaimedWithEndpoints,
  claimDeliveries,
  claimNextDelivery,
  clearFailures,
  deleteFinished,
  endAttempt,
  endpointsWaitingFor,
  endpointsWithOverdue,
  markSlow,
} from "./store.ts";
import { type Write, writeTogether } from "./together.ts";

/** An attempt takes 10 seconds at most; an older claim belongs to a Worker that has ended. */
export const leaseMs = 30_000;

/** The message of a delivery that has been due for longer is lost, or waits behind many others. */
const overdueAfterMs = 15_000;
const overdueEndpoints = 500;
/** How many concurrent attempts the scheduled task starts for an endpoint. */
const overdueWidth = 10;

const keptMs = 30 * dayMs;
const deletedAtOnce = 5_000;

const requeueDelaySeconds = 60;

/** The ids that the messages of a batch name. */
export interface Due {
  readonly deliveries: readonly string[];
  readonly endpoints: readonly string[];
}

/** What the attempts of one batch share. */
interface Batch {
  readonly channel: AnyChannel;
  readonly context: Context;
  readonly write: Write;
}

function claimsOf({ channel, context }: Batch, [rows, found]: ClaimedWithEndpoints): Claim[] {
  const endpoints = channel.endpointsOf(context, found);
  return rows.flatMap((delivery) => {
    const endpoint = endpoints.find(({ id }) => id === delivery.endpointId);
    return endpoint ? [{ delivery, endpoint, message: channel.messageOf(delivery) }] : [];
  });
}

/** Writes the outcome of an attempt, and queues the next attempt or gives the delivery up. */
async function writeOutcome(batch: Batch, claim: Claim, outcome: AttemptOutcome, inTime: boolean): Promise<void> {
  const { channel, context, write } = batch;
  const { delivery, endpoint } = claim;
  const { tables, schedule } = channel;
  const nowMs = context.now();
  const next = nextAfter(schedule, outcome, delivery.attemptCount + 1, nowMs, Math.random());
  channel.count(next.status);
  const end = endAttempt(context, tables, delivery, outcome, next, nowMs);
  if (next.status === "delivered") {
    await write(...end, clearFailures(context, tables, endpoint.id, inTime, nowMs));
  } else if (next.status === "failed") {
    await context.db.batch(end);
    await queueDeliveries(channel, context, [delivery.id], Math.ceil(next.pauseMs / 1000));
  } else {
    await channel.giveUp(context, claim, outcome, end);
  }
}

/**
 * Makes an attempt and writes its outcome. Resolves when the batch need not wait any longer; the rest is deferred. An attempt
 * that breaks off leaves its claim to expire, and the scheduled task finds the delivery.
 *
 * @param queuesNext whether it queues the next attempt for its endpoint also when it ends in time
 */
async function carryOut(batch: Batch, claim: Claim, queuesNext: boolean): Promise<void> {
  const { channel, context } = batch;
  const { delivery, endpoint, message } = claim;
  const ended = attempt(context, endpoint, message);
  const inTime = await endsInTime(context, ended, (untilMs) => markSlow(context, channel.tables, endpoint.id, untilMs));
  const rest = async () => {
    try {
      await writeOutcome(batch, claim, await ended, inTime);
    } catch (error) {
      log.error(context, "delivery broke off", { channel: channel.name, deliveryId: delivery.id, error });
    }
    if (queuesNext || !inTime) await queueDue(channel, context, [endpoint.id], 1);
  };
  const written = rest();
  context.defer(written);
  if (inTime) await written;
}

/** Attempts the claimed deliveries. Waits for those of endpoints that are not slow. */
async function carryOutAll(batch: Batch, claimed: ClaimedWithEndpoints, queueNext: boolean): Promise<void> {
  const { context } = batch;
  const waitedFor = claimsOf(batch, claimed).flatMap((claim) => {
    const wasSlow = isSlow(claim.endpoint, context.now());
    const carriedOut = carryOut(batch, claim, queueNext || wasSlow);
    context.defer(carriedOut);
    return wasSlow ? [] : [carriedOut];
  });
  await Promise.all(waitedFor);
}

/**
 * Attempts what the messages of a batch name. A message that names an endpoint leads to the next one for it.
 *
 * @throws {Error} when D1 does not answer; the queue must then deliver the batch again
 */
export async function attemptDue(channel: AnyChannel, context: Context, { deliveries, endpoints }: Due): Promise<void> {
  const batch = { channel, context, write: writeTogether(context) };
  const lease = { nowMs: context.now(), leaseMs };
  const named = async (ids: readonly string[]) =>
    carryOutAll(batch, await claimDeliveries(context, channel, ids, lease), false);
  const next = async (id: string) => carryOutAll(batch, await claimNextDelivery(context, channel, id, lease), true);
  await Promise.all([...(deliveries.length > 0 ? [named(deliveries)] : []), ...endpoints.map(next)]);
}

/**
 * Queues the deliveries again that dead letters name. They are still in D1.
 *
 * @throws {Error} when D1 does not answer; the queue must then deliver the messages again
 */
export async function requeueDue(channel: AnyChannel, context: Context, { deliveries, endpoints }: Due): Promise<void> {
  const waiting = await endpointsWaitingFor(context, channel.tables, deliveries);
  await queueDue(channel, context, [...new Set([...waiting, ...endpoints])], 1, requeueDelaySeconds);
}

/**
 * Scheduled task: queues overdue deliveries, whose messages are lost, and deletes those that were finished 30 days ago.
 *
 * @returns the number of endpoints with overdue deliveries that were not queued
 */
export async function maintainDeliveries(channel: AnyChannel, context: Context): Promise<number> {
  const { tables } = channel;
  const { ids, total } = await endpointsWithOverdue(context, tables, context.now() - overdueAfterMs, overdueEndpoints);
  await queueDue(channel, context, ids, overdueWidth);
  await deleteFinished(context, tables, context.now() - keptMs, deletedAtOnce);
  return total - ids.length;
}
