/**
 * Handles the messages of a queue. Attempts run side by side, and a batch waits for none of them for long (`slow.ts`). What is
 * due for a slow endpoint beyond its five requests stays in D1: when an attempt has ended, it queues the next one.
 *
 * One message leads to one attempt at most, so that the attempts of a batch of five stay below the six connections that an
 * invocation may have waiting: one more would wait for the others while its own time runs.
 */
import type { Context } from "../platform/context.ts";
import { log } from "../platform/log.ts";
import { dayMs } from "../platform/time.ts";
import { type AttemptOutcome, attempt } from "./attempt.ts";
import type { Channel, Claim, DeliveryRow } from "./channel.ts";
import { queueDeliveries, queueDue } from "./queue.ts";
import { nextAfter } from "./schedule.ts";
import { endsInTime, isSlow } from "./slow.ts";
import {
  type ClaimedWithEndpoints,
  claimDeliveries,
  claimNextDelivery,
  clearFailures,
  endAttempt,
  endpointsWaitingFor,
  endpointsWithOverdue,
  forgetFinished,
  markSlow,
} from "./store.ts";
import { type Write, writeTogether } from "./together.ts";

/** An attempt takes 10 seconds at most; an older claim belongs to a Worker that has ended. */
export const leaseMs = 30_000;

/** A delivery that has been due for so long has no message any more, or its message waits behind very many. */
const overdueAfterMs = 15_000;
const overdueEndpoints = 500;
/** How many attempts at once a sweep begins for an endpoint. */
const overdueWidth = 10;

const keptMs = 30 * dayMs;
const forgottenAtOnce = 5_000;

/** How long the deliveries of messages that the queue has given up wait before they are attempted again. */
const requeueDelaySeconds = 60;

/** What the messages of a batch name. */
export interface Due {
  readonly deliveries: readonly string[];
  readonly endpoints: readonly string[];
}

/** What the attempts of one batch share. */
interface Batch<Row extends DeliveryRow, Found> {
  readonly channel: Channel<Row, Found>;
  readonly context: Context;
  readonly write: Write;
}

function claimsOf<Row extends DeliveryRow, Found>(
  { channel, context }: Batch<Row, Found>,
  [rows, found]: ClaimedWithEndpoints<Row, Found>,
): Claim<Row>[] {
  const endpoints = channel.endpointsOf(context, found);
  return rows.flatMap((delivery) => {
    const endpoint = endpoints.find(({ id }) => id === delivery.endpointId);
    return endpoint ? [{ delivery, endpoint, message: channel.messageOf(delivery) }] : [];
  });
}

/** Writes the outcome of an attempt, and what follows from it. */
async function writeOutcome<Row extends DeliveryRow, Found>(
  { channel, context, write }: Batch<Row, Found>,
  claim: Claim<Row>,
  outcome: AttemptOutcome,
  inTime: boolean,
): Promise<void> {
  const { delivery, endpoint } = claim;
  const { tables, schedule } = channel;
  const nowMs = context.now();
  const next = nextAfter(schedule, outcome, delivery.attemptCount + 1, nowMs, Math.random());
  channel.count(next.status);
  const end = endAttempt(context, tables, delivery, outcome, next, nowMs);
  if (next.status === "delivered") {
    await write(end, clearFailures(context, tables, endpoint.id, inTime, nowMs));
  } else if (next.status === "failed") {
    await end;
    await queueDeliveries(channel, context, [delivery.id], Math.ceil(next.pauseMs / 1000));
  } else {
    await channel.giveUp(context, claim, outcome, end);
  }
}

/** Never rejects: an attempt that breaks off leaves its claim to run out, and the sweep finds the delivery. */
async function writeOutcomeOrLeave<Row extends DeliveryRow, Found>(
  batch: Batch<Row, Found>,
  claim: Claim<Row>,
  ended: Promise<AttemptOutcome>,
  inTime: boolean,
): Promise<void> {
  try {
    await writeOutcome(batch, claim, await ended, inTime);
  } catch (error) {
    const { channel, context } = batch;
    log.error(context, "delivery broke off", { channel: channel.name, deliveryId: claim.delivery.id, error });
  }
}

/**
 * Makes an attempt and writes its outcome. Settles when the batch need not wait any longer; the rest is deferred.
 *
 * @param hasSuccessor whether it queues the next attempt for its endpoint also when it ends in time
 */
async function carryOut<Row extends DeliveryRow, Found>(
  batch: Batch<Row, Found>,
  claim: Claim<Row>,
  hasSuccessor: boolean,
): Promise<void> {
  const { channel, context } = batch;
  const { endpoint, message } = claim;
  const ended = attempt(context, endpoint, message);
  const inTime = await endsInTime(context, ended, (untilMs) => markSlow(context, channel.tables, endpoint.id, untilMs));
  const rest = async () => {
    await writeOutcomeOrLeave(batch, claim, ended, inTime);
    if (hasSuccessor || !inTime) await queueDue(channel, context, [endpoint.id], 1);
  };
  const settled = rest();
  context.defer(settled);
  if (inTime) await settled;
}

/**
 * Attempts the claimed deliveries.
 *
 * @param haveSuccessors whether each queues the next attempt for its endpoint: a message that names an endpoint leads to one
 */
async function carryOutAll<Row extends DeliveryRow, Found>(
  batch: Batch<Row, Found>,
  claimed: ClaimedWithEndpoints<Row, Found>,
  haveSuccessors: boolean,
): Promise<void> {
  const { context } = batch;
  const waitedFor = claimsOf(batch, claimed).flatMap((claim) => {
    const wasSlow = isSlow(claim.endpoint, context.now());
    const carriedOut = carryOut(batch, claim, haveSuccessors || wasSlow);
    context.defer(carriedOut);
    return wasSlow ? [] : [carriedOut];
  });
  await Promise.all(waitedFor);
}

/**
 * Does what the messages of a batch name.
 *
 * @throws {Error} when D1 does not answer; the batch is then to be handed over again
 */
export async function attemptDue<Row extends DeliveryRow, Found>(
  channel: Channel<Row, Found>,
  context: Context,
  { deliveries, endpoints }: Due,
): Promise<void> {
  const batch = { channel, context, write: writeTogether(context) };
  const nowMs = context.now();
  const named = async (ids: readonly string[]) =>
    carryOutAll(batch, await claimDeliveries(context, channel, ids, nowMs, leaseMs), false);
  const next = async (id: string) =>
    carryOutAll(batch, await claimNextDelivery(context, channel, id, nowMs, leaseMs), true);
  await Promise.all([...(deliveries.length > 0 ? [named(deliveries)] : []), ...endpoints.map(next)]);
}

/**
 * Handles what the messages named that the queue has given up. Their deliveries are still in D1, and are queued again.
 *
 * @throws {Error} when D1 does not answer yet; the messages are then to be handed over again
 */
export async function requeueDue<Row extends DeliveryRow, Found>(
  channel: Channel<Row, Found>,
  context: Context,
  { deliveries, endpoints }: Due,
): Promise<void> {
  const waiting = await endpointsWaitingFor(context, channel.tables, deliveries);
  await queueDue(channel, context, [...new Set([...waiting, ...endpoints])], 1, requeueDelaySeconds);
}

/** The part of the scheduled run: queues what a crash or a lost message left behind, and deletes what was finished 30 days ago. */
export async function maintainDeliveries<Row extends DeliveryRow, Found>(
  channel: Channel<Row, Found>,
  context: Context,
): Promise<void> {
  const { tables } = channel;
  const overdue = await endpointsWithOverdue(context, tables, context.now() - overdueAfterMs, overdueEndpoints);
  await queueDue(channel, context, overdue, overdueWidth);
  await forgetFinished(context, tables, context.now() - keptMs, forgottenAtOnce);
}
