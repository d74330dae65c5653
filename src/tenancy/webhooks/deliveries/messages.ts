/** The messages about webhooks. Each only says where to look (`deliveries/queue.ts`). */
import { z } from "@hono/zod-openapi";
import { attemptDue, type Due, maintainDeliveries, requeueDue } from "../../../deliveries/consumer.ts";
import type { Context } from "../../../platform/context.ts";
import { deliveryIdSchema, webhookIdSchema } from "../../../platform/ids.ts";
import type { MessageKind } from "../../../platform/messages.ts";
import { webhookChannel } from "./channel.ts";

const messageSchema = z.union([
  /** This delivery is due. */
  z.object({ deliveryId: deliveryIdSchema }),
  /** Some deliveries of this subscription are due, and its endpoint has time for one. */
  z.object({ subscriptionId: webhookIdSchema }),
]);

type WebhookMessage = z.output<typeof messageSchema>;

/** What the messages name. A delivery that two of them name is attempted once. */
function dueIn(messages: readonly WebhookMessage[]): Due {
  const deliveries = messages.flatMap((message) => ("deliveryId" in message ? [message.deliveryId] : []));
  const endpoints = messages.flatMap((message) => ("subscriptionId" in message ? [message.subscriptionId] : []));
  return { deliveries: [...new Set(deliveries)], endpoints };
}

/** Both reject when D1 does not answer. */
export const webhookMessages: MessageKind<WebhookMessage> = {
  schema: messageSchema,
  receive: (context, messages) => attemptDue(webhookChannel, context, dueIn(messages)),
  retryDeadLetters: (context, messages) => requeueDue(webhookChannel, context, dueIn(messages)),
};

/** The part of the scheduled run. */
export const maintainWebhookDeliveries = (context: Context): Promise<void> =>
  maintainDeliveries(webhookChannel, context);
