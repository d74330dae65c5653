/** The messages of the webhook queue. Each only says where to look (`deliveries/queue.ts`). */
import { z } from "@hono/zod-openapi";
import { attemptDue, type Due, reviveDue, sweep } from "../../../deliveries/consumer.ts";
import { relayMessageSchema } from "../../../events/relay.ts";
import type { Context } from "../../../platform/context.ts";
import { deliveryIdSchema, type OrganizationId, webhookIdSchema } from "../../../platform/ids.ts";
import { reasonOf } from "../../../platform/reason.ts";
import { webhookChannel } from "./channel.ts";

const messageSchema = z.union([
  relayMessageSchema,
  /** This delivery is due. */
  z.object({ deliveryId: deliveryIdSchema }),
  /** Some deliveries of this subscription are due, and its endpoint has time for one. */
  z.object({ subscriptionId: webhookIdSchema }),
]);

type WebhookMessage = z.output<typeof messageSchema>;

function read(bodies: readonly unknown[]): WebhookMessage[] {
  return bodies.flatMap((body) => {
    const message = messageSchema.safeParse(body);
    if (message.success) return [message.data];
    console.error(JSON.stringify({ message: "not a message of the webhook queue", body }));
    return [];
  });
}

/** What the messages name. A delivery that two of them name is attempted once. */
function dueIn(messages: readonly WebhookMessage[]): Due {
  const deliveries = messages.flatMap((message) => ("deliveryId" in message ? [message.deliveryId] : []));
  const endpoints = messages.flatMap((message) => ("subscriptionId" in message ? [message.subscriptionId] : []));
  return { deliveries: [...new Set(deliveries)], endpoints };
}

/** What fails here stays in the outbox, and the scheduled run relays it. */
async function relay(context: Context, organizationId: OrganizationId): Promise<void> {
  await context.relay(organizationId, "all").catch((error: unknown) => {
    console.warn(
      JSON.stringify({ message: "relay put off to the next sweep", organizationId, error: reasonOf(error) }),
    );
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
  await Promise.all([
    attemptDue(webhookChannel, context, dueIn(messages)),
    ...[...organizations].map((id) => relay(context, id)),
  ]);
}

/**
 * Takes the messages that the queue has given up.
 *
 * @throws {Error} when D1 does not answer yet; the messages are then to be handed over again
 */
export async function reviveMessages(context: Context, bodies: readonly unknown[]): Promise<void> {
  console.error(JSON.stringify({ message: "webhook messages came to the dead-letter queue", count: bodies.length }));
  await reviveDue(webhookChannel, context, dueIn(read(bodies)));
}

/** The part of the scheduled run. */
export const sweepDeliveries = (context: Context): Promise<void> => sweep(webhookChannel, context);
