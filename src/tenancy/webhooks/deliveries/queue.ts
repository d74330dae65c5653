/**
 * The messages of the webhook queue. They carry no content: each only says where to look. What is to be sent, and whether it
 * still is, stands in D1, so a message that is lost, doubled or late costs nothing but time.
 */
import { z } from "@hono/zod-openapi";
import { relayMessageSchema } from "../../../events/relay.ts";
import type { Context } from "../../../platform/context.ts";
import { type DeliveryId, deliveryIdSchema, type WebhookId, webhookIdSchema } from "../../../platform/ids.ts";
import { reasonOf } from "../../../platform/reason.ts";

export const messageSchema = z.union([
  relayMessageSchema,
  /** This delivery is due. */
  z.object({ deliveryId: deliveryIdSchema }),
  /** Some deliveries of this subscription are due, and its endpoint has time for one. */
  z.object({ subscriptionId: webhookIdSchema }),
]);

export type WebhookMessage = z.output<typeof messageSchema>;

type Reach = Pick<Context, "env">;

/** Queues takes so many messages at once. */
const batchSize = 100;

/** The scheduled run finds what is due, so a message that cannot be sent is only a delay. */
async function send({ env }: Reach, messages: readonly WebhookMessage[], delaySeconds: number): Promise<void> {
  try {
    for (let from = 0; from < messages.length; from += batchSize) {
      const batch = messages.slice(from, from + batchSize).map((body) => ({ body }));
      await env.WEBHOOK_QUEUE.sendBatch(batch, { delaySeconds });
    }
  } catch (error) {
    console.warn(JSON.stringify({ message: "webhooks put off to the next sweep", error: reasonOf(error) }));
  }
}

/** Has deliveries attempted, now or after so many seconds. */
export function queueDeliveries(reach: Reach, ids: readonly DeliveryId[], delaySeconds = 0): Promise<void> {
  return send(
    reach,
    ids.map((deliveryId) => ({ deliveryId })),
    delaySeconds,
  );
}

/**
 * Has what is due for some subscriptions attempted.
 *
 * @param width how many at once for each of them
 */
export function queueDue(reach: Reach, ids: readonly WebhookId[], width: number, delaySeconds = 0): Promise<void> {
  const messages = ids.flatMap((subscriptionId) => Array.from({ length: width }, () => ({ subscriptionId })));
  return send(reach, messages, delaySeconds);
}
