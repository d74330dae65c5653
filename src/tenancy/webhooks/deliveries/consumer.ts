/**
 * What the queue's messages set off. Attempts run side by side, and a receiver that takes long holds nobody up:
 *
 * - A batch waits for an attempt for two seconds and then goes on without it; the attempt comes to its own end (10 s).
 * - The endpoint counts as slow from then on, until it succeeds fast or a minute has passed. No batch waits for a slow
 *   endpoint at all, and it gets five requests at once. What is due beyond that stays in D1: each attempt that ends has the
 *   next one made.
 *
 * One message leads to one attempt at most, so that the attempts of a batch of five stay below the six connections that an
 * invocation may have waiting: one more would wait for the others while its own time runs.
 */
import type { Context } from "../../../platform/context.ts";
import type { DeliveryId, OrganizationId, WebhookId } from "../../../platform/ids.ts";
import { reasonOf } from "../../../platform/reason.ts";
import { attempt, type Claim } from "./attempt.ts";
import { messageSchema, queueDue } from "./queue.ts";
import {
  type ClaimedRow,
  claimDeliveries,
  claimNextDelivery,
  forgetFinished,
  markSlow,
  subscriptionsWaitingFor,
  subscriptionsWithOverdue,
} from "./store.ts";
import { type Write, writeTogether } from "./together.ts";

/** An attempt takes 10 seconds at most; a claim that is older belonged to a Worker that is gone. */
export const leaseMs = 30_000;
/** How long a batch waits for an attempt. */
const patienceMs = 2_000;
/** How long after its last long attempt an endpoint counts as slow. */
const slowForMs = 60_000;

/** What is due for so long has no message any more, or its message waits behind very many. */
const overdueAfterMs = 15_000;
const sweptSubscriptions = 500;
/** How many attempts at once a sweep sets off for a subscription. */
const sweptWidth = 10;

const keptMs = 30 * 86_400_000;
const forgottenAtOnce = 5_000;

type Claimed = Awaited<ReturnType<typeof claimDeliveries>>;

function claimsOf([rows, subscriptions, secrets]: Claimed): Claim[] {
  return rows.flatMap((row) => {
    const subscription = subscriptions.find(({ id }) => id === row.subscriptionId);
    const own = secrets.filter(({ subscriptionId }) => subscriptionId === row.subscriptionId);
    return subscription ? [{ delivery: row as ClaimedRow, subscription, secrets: own }] : [];
  });
}

/** Settles after the work or after the time, whichever is first; says whether it was the work. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  try {
    return await Promise.race([work.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Makes an attempt, and settles when the batch need not wait for it any longer. Never rejects: an attempt that breaks off
 * leaves its claim to run out, and the sweep finds the delivery.
 */
async function run(context: Context, claim: Claim, write: Write, isDrawn: boolean): Promise<void> {
  const { delivery, subscription } = claim;
  const wasSlow = subscription.slowUntil > context.now();
  let tookLong = false;
  const toItsEnd = async () => {
    try {
      await attempt(context, claim, { tookLong: () => tookLong, write });
    } catch (error) {
      const { id: deliveryId } = delivery;
      console.error(JSON.stringify({ message: "webhook attempt broke off", deliveryId, error: reasonOf(error) }));
    }
    if (isDrawn || wasSlow || tookLong) await queueDue(context, [subscription.id], 1);
  };
  const ended = toItsEnd();
  const watched = async () => {
    if (await within(patienceMs, ended)) return;
    tookLong = true;
    await markSlow(context, subscription.id, context.now() + slowForMs).catch((error: unknown) => {
      console.warn(JSON.stringify({ message: "slow webhook not marked", error: reasonOf(error) }));
    });
  };
  const watch = watched();
  context.defer(Promise.all([ended, watch]));
  if (!wasSlow) await watch;
}

async function attemptDeliveries(context: Context, ids: readonly DeliveryId[], write: Write): Promise<void> {
  if (ids.length === 0) return;
  const claims = claimsOf(await claimDeliveries(context, ids, context.now(), leaseMs));
  await Promise.all(claims.map((claim) => run(context, claim, write, false)));
}

async function attemptNext(context: Context, id: WebhookId, write: Write): Promise<void> {
  const claims = claimsOf(await claimNextDelivery(context, id, context.now(), leaseMs));
  await Promise.all(claims.map((claim) => run(context, claim, write, true)));
}

/** What fails here stays in the outbox, and the scheduled run relays it. */
async function relay(context: Context, organizationId: OrganizationId): Promise<void> {
  await context.relay(organizationId, "all").catch((error: unknown) => {
    console.warn(
      JSON.stringify({ message: "relay put off to the next sweep", organizationId, error: reasonOf(error) }),
    );
  });
}

function read(bodies: readonly unknown[]) {
  return bodies.flatMap((body) => {
    const message = messageSchema.safeParse(body);
    if (message.success) return [message.data];
    console.error(JSON.stringify({ message: "not a message of the webhook queue", body }));
    return [];
  });
}

/**
 * Does what the messages of a batch say.
 *
 * @throws {Error} when D1 does not answer; the batch is then to be handed over again
 */
export async function receiveMessages(context: Context, bodies: readonly unknown[]): Promise<void> {
  const messages = read(bodies);
  const organizations = new Set(messages.flatMap((message) => ("relay" in message ? [message.relay] : [])));
  const deliveries = new Set(messages.flatMap((message) => ("deliveryId" in message ? [message.deliveryId] : [])));
  const subscriptions = messages.flatMap((message) => ("subscriptionId" in message ? [message.subscriptionId] : []));
  const write = writeTogether(context);
  await Promise.all([
    attemptDeliveries(context, [...deliveries], write),
    ...subscriptions.map((id) => attemptNext(context, id, write)),
    ...[...organizations].map((id) => relay(context, id)),
  ]);
}

/** How long what became undeliverable in the queue waits before it is tried again. */
const revivedAfterSeconds = 60;

/**
 * Takes the messages that the queue has given up, because they could not be handled however often they came. Their
 * deliveries are in D1 all the same, and are set going again.
 *
 * @throws {Error} when D1 does not answer yet; the messages are then to be handed over again
 */
export async function reviveMessages(context: Context, bodies: readonly unknown[]): Promise<void> {
  const messages = read(bodies);
  console.error(JSON.stringify({ message: "webhook messages came to the dead-letter queue", count: bodies.length }));
  const deliveries = messages.flatMap((message) => ("deliveryId" in message ? [message.deliveryId] : []));
  const waiting = await subscriptionsWaitingFor(context, deliveries);
  const named = messages.flatMap((message) => ("subscriptionId" in message ? [message.subscriptionId] : []));
  await queueDue(context, [...new Set([...waiting, ...named])], 1, revivedAfterSeconds);
}

/** The part of the scheduled run: sets going what a crash or a lost message left behind, and forgets what is long done. */
export async function sweepDeliveries(context: Context): Promise<void> {
  const overdue = await subscriptionsWithOverdue(context, context.now() - overdueAfterMs, sweptSubscriptions);
  await queueDue(context, overdue, sweptWidth);
  await forgetFinished(context, context.now() - keptMs, forgottenAtOnce);
}
