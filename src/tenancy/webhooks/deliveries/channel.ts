/** The channel of webhooks for `deliveries/`: tables, schedule, signatures, queue messages, and when a subscription is disabled. */
import { z } from "@hono/zod-openapi";
import type { Endpoint, SignedMessage } from "../../../deliveries/attempt.ts";
import type { Channel } from "../../../deliveries/channel.ts";
import { attemptDue, type Due, maintainDeliveries, requeueDue } from "../../../deliveries/consumer.ts";
import { gone, type Schedule } from "../../../deliveries/schedule.ts";
import { countFailureIfChanged, disableIfChanged } from "../../../deliveries/store.ts";
import { actorOf, commitChange, newEvent } from "../../../events/outbox.ts";
import { ledgerOf } from "../../../ledger/client.ts";
import type { Context } from "../../../platform/context.ts";
import { open, sealedPlace, whyNotOpened } from "../../../platform/crypto/sealing.ts";
import { webhookDeliveries, webhookDeliveryAttempts, webhookSubscriptions } from "../../../platform/db/schema.ts";
import { DependencyDown } from "../../../platform/dependency.ts";
import { deliveryIdSchema, webhookIdSchema } from "../../../platform/ids.ts";
import type { MessageKind } from "../../../platform/messages.ts";
import type { ScheduledPart } from "../../../platform/scheduled.ts";
import { count } from "../../../platform/telemetry/recording.ts";
import { hourMs, minuteMs } from "../../../platform/time.ts";
import { signedHeaders } from "../signing.ts";
import { deletePastStates, hasUrl, keepStateOfDisabledIfChanged } from "../store.ts";
import { type DeliveryRow, type FoundEndpoint, findEndpoints } from "./store.ts";

const secondMs = 1000;

/** Ten attempts within about 16 hours. */
const schedule: Schedule = {
  pausesMs: [
    10 * secondMs,
    30 * secondMs,
    2 * minuteMs,
    10 * minuteMs,
    30 * minuteMs,
    hourMs,
    2 * hourMs,
    4 * hourMs,
    8 * hourMs,
  ],
  jitter: 0.2,
  longestRetryAfterMs: 8 * hourMs,
};

/** After so many dead letters in a row a subscription is disabled. */
const maxDeadLetters = 5;

/** @param found one row for each secret, the present one first */
async function openSecrets(context: Context, found: readonly FoundEndpoint[]): Promise<[string, ...string[]]> {
  const ring = context.settings.keyEncryptionKeys;
  const opened = await Promise.all(
    found.map(({ secretId, privateSealed }) => {
      return secretId && privateSealed ? open(ring, privateSealed, sealedPlace.webhookSecret(secretId)) : null;
    }),
  );
  const [present, ...previous] = opened.filter((secret) => secret !== null);
  // Send nothing unsigned, or signed only with an old secret. The receiver has not failed, so this counts as no attempt.
  if (present === undefined || opened[0] === null) {
    const sealed = found[0]?.privateSealed ?? null;
    const reason = sealed === null ? "it was deleted" : whyNotOpened(ring, sealed);
    const cause = new Error(`A webhook's secret cannot be opened with any key of KEY_ENCRYPTION_KEYS: ${reason}`);
    throw new DependencyDown("The store of signing secrets", cause);
  }
  return [present, ...previous];
}

/** The endpoints of rows with one row for each secret of a subscription, the present secret first. */
export function endpointsOf(context: Context, found: readonly FoundEndpoint[]): Endpoint[] {
  return [...Map.groupBy(found, ({ id }) => id).values()].flatMap((rows) => {
    const sign = async (message: SignedMessage) => signedHeaders(await openSecrets(context, rows), message);
    return rows.slice(0, 1).map(({ id, url, slowUntil }) => ({ id, url, slowUntil, sign }));
  });
}

export const webhookChannel: Channel<DeliveryRow, FoundEndpoint> = {
  name: "webhooks",
  tables: { deliveries: webhookDeliveries, attempts: webhookDeliveryAttempts, endpoints: webhookSubscriptions },
  schedule,
  queue: (env) => env.WEBHOOK_QUEUE,
  messages: { delivery: (deliveryId) => ({ deliveryId }), endpoint: (subscriptionId) => ({ subscriptionId }) },
  messageOf: ({ eventId, eventType, payload }) => ({ id: eventId, type: eventType, body: payload }),
  findEndpoints,
  endpointsOf,
  count: (outcome) => count("agentidp_webhook_deliveries_total", { outcome }),

  /** Also disables the subscription when the receiver is gone, or has failed too often in a row. */
  async giveUp(context, { delivery, endpoint: { url } }, { httpStatusCode }, end) {
    const { id: deliveryId, organizationId, endpointId } = delivery;
    const isGone = httpStatusCode === gone;
    const event = newEvent(context, actorOf(context, null), {
      organizationId,
      action: "webhook.disabled",
      agentId: null,
      target: endpointId,
      details: { reason: isGone ? "gone" : "dead_letters", deliveryId },
    });
    const statements = [
      ...end,
      // An attempt that was under way while the URL changed says nothing of the new one.
      countFailureIfChanged(context, webhookSubscriptions, endpointId, context.now(), hasUrl(url)),
      disableIfChanged(context, webhookSubscriptions, endpointId, isGone ? 0 : maxDeadLetters),
    ] as const;
    const last = await ledgerOf(context, organizationId).position();
    await commitChange(context, statements, [event], [keepStateOfDisabledIfChanged(context, endpointId, last)]);
  },
};

const messageSchema = z.union([
  /** This delivery is due. */
  z.object({ deliveryId: deliveryIdSchema }),
  /** Deliveries of this subscription are due, and its endpoint can take one. */
  z.object({ subscriptionId: webhookIdSchema }),
]);

type WebhookMessage = z.output<typeof messageSchema>;

/** The ids in the messages. A delivery in two messages is attempted once. */
function dueIn(messages: readonly WebhookMessage[]): Due {
  const deliveries = messages.flatMap((message) => ("deliveryId" in message ? [message.deliveryId] : []));
  const endpoints = messages.flatMap((message) => ("subscriptionId" in message ? [message.subscriptionId] : []));
  return { deliveries: [...new Set(deliveries)], endpoints };
}

/** The queue messages about webhooks. A message only has an id (`deliveries/queue.ts`). Both handlers reject when D1 does not answer. */
export const webhookMessages: MessageKind<WebhookMessage> = {
  schema: messageSchema,
  receive: (context, messages) => attemptDue(webhookChannel, context, dueIn(messages)),
  retryDeadLetters: (context, messages) => requeueDue(webhookChannel, context, dueIn(messages)),
};

export const maintainWebhookDeliveries: ScheduledPart = {
  name: "deliveries",
  queries: 11,
  async run(context) {
    await deletePastStates(context);
    return maintainDeliveries(webhookChannel, context);
  },
};
