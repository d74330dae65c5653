/** Deliveries on request: the history, a redelivery, a test. */
import type { Caller } from "../../../access/caller.ts";
import { attempt } from "../../../deliveries/attempt.ts";
import { leaseMs } from "../../../deliveries/consumer.ts";
import { queueDeliveries } from "../../../deliveries/queue.ts";
import { attemptsOf, endAttempt, restart } from "../../../deliveries/store.ts";
import type { Context } from "../../../platform/context.ts";
import { type DeliveryId, type EventId, newId, type WebhookId } from "../../../platform/ids.ts";
import { problem } from "../../../platform/problems/problems.ts";
import { ok, type Result } from "../../../platform/problems/result.ts";
import { isoOf, isoOrNull } from "../../../platform/time.ts";
import {
  type Delivery,
  type DeliveryList,
  type DeliveryQuery,
  type DeliveryWithAttempts,
  testEvent,
  webhookPayloadSchema,
} from "../schema.ts";
import { findSubscription } from "../store.ts";
import { endpointsOf, webhookChannel } from "./channel.ts";
import {
  type DeliveryRow,
  deliveryWithId,
  findDelivery,
  findEndpoint,
  insertClaimed,
  listDeliveries as listRows,
} from "./store.ts";
import { deliveryIdOf, payloadOf } from "./subscriber.ts";

function publicDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    subscription_id: row.endpointId,
    event_type: row.eventType,
    payload: webhookPayloadSchema.parse(JSON.parse(row.payload)),
    status: row.status,
    http_status_code: row.httpStatusCode,
    response_body: row.responseBody,
    error: row.error,
    ...(row.note === null ? {} : { note: row.note }),
    attempt_count: row.attemptCount,
    next_retry_at: row.status === "failed" ? isoOrNull(row.dueAt) : null,
    delivered_at: isoOrNull(row.deliveredAt),
    created_at: isoOf(row.createdAt),
    updated_at: isoOf(row.updatedAt),
  };
}

/** A page of a subscription's deliveries, newest first; or `WEBHOOK_NOT_FOUND`. */
export async function listDeliveries(
  context: Context,
  { organizationId }: Caller,
  webhookId: WebhookId,
  query: DeliveryQuery,
): Promise<Result<DeliveryList>> {
  const subscription = await findSubscription(context, organizationId, webhookId);
  if (!subscription) return problem("WEBHOOK_NOT_FOUND");
  const { rows, total } = await listRows(context, webhookId, query);
  return ok({ deliveries: rows.map(publicDelivery), total, limit: query.limit, offset: query.offset });
}

/** A delivery with its last attempts, newest first; or `WEBHOOK_NOT_FOUND`, `DELIVERY_NOT_FOUND`. */
export async function readDelivery(
  context: Context,
  { organizationId }: Caller,
  webhookId: WebhookId,
  deliveryId: DeliveryId,
): Promise<Result<DeliveryWithAttempts>> {
  if (!(await findSubscription(context, organizationId, webhookId))) return problem("WEBHOOK_NOT_FOUND");
  const [[row], attempts] = await context.db.batch([
    deliveryWithId(context, webhookId, deliveryId),
    attemptsOf(context, webhookChannel.tables, webhookId, deliveryId),
  ]);
  if (!row) return problem("DELIVERY_NOT_FOUND");
  return ok({
    ...publicDelivery(row),
    attempts: attempts.map(({ startedAt, httpStatusCode, error, durationMs }) => ({
      at: isoOf(startedAt),
      http_status_code: httpStatusCode,
      error,
      duration_ms: durationMs,
    })),
  });
}

/**
 * Repeats a delivery of any status with the same id and body, and with a new series of attempts. For a paused subscription it
 * waits. Or `WEBHOOK_NOT_FOUND`, `DELIVERY_NOT_FOUND`.
 */
export async function redeliver(
  context: Context,
  { organizationId }: Caller,
  webhookId: WebhookId,
  deliveryId: DeliveryId,
): Promise<Result<Delivery>> {
  if (!(await findSubscription(context, organizationId, webhookId))) return problem("WEBHOOK_NOT_FOUND");
  await restart(context, webhookChannel.tables, webhookId, deliveryId, context.now());
  const row = await findDelivery(context, webhookId, deliveryId);
  if (!row) return problem("DELIVERY_NOT_FOUND");
  await queueDeliveries(webhookChannel, context, [deliveryId]);
  return ok(publicDelivery(row));
}

/**
 * Sends a test in one attempt and waits for its outcome, at most 10 seconds. It does not change the failure count of the
 * subscription, and also goes to a paused one.
 */
export async function testWebhook(
  context: Context,
  { organizationId }: Caller,
  webhookId: WebhookId,
): Promise<Result<Delivery>> {
  const subscription = await findSubscription(context, organizationId, webhookId);
  if (!subscription) return problem("WEBHOOK_NOT_FOUND");
  const nowMs = context.now();
  const eventId = newId<EventId>(nowMs);
  const data = { webhookId, message: "This is a test. Nothing has happened." };
  const delivery = {
    id: deliveryIdOf(eventId, webhookId),
    organizationId,
    endpointId: webhookId,
    eventId,
    eventType: testEvent,
    payload: payloadOf({ id: eventId, organizationId, type: testEvent, occurredAtMs: nowMs, data }),
    status: "pending",
    attemptCount: 0,
    dueAt: nowMs + leaseMs,
    claimedUntil: nowMs + leaseMs,
    httpStatusCode: null,
    responseBody: null,
    error: null,
    note: null,
    deliveredAt: null,
    createdAt: nowMs,
    updatedAt: nowMs,
  } as const;
  const [endpoint] = endpointsOf(context, await findEndpoint(context, webhookId));
  if (!endpoint) return problem("WEBHOOK_NOT_FOUND");
  await insertClaimed(context, delivery);
  const outcome = await attempt(context, endpoint, webhookChannel.messageOf(delivery));
  const status = outcome.ok ? "delivered" : "dead_letter";
  await context.db.batch(endAttempt(context, webhookChannel.tables, delivery, outcome, { status }, context.now()));
  const row = await findDelivery(context, webhookId, delivery.id);
  return row ? ok(publicDelivery(row)) : problem("WEBHOOK_NOT_FOUND");
}
