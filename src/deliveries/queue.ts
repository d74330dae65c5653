/**
 * The queue of a channel. What is to be sent, and whether it still is, is in D1, so a message that is lost, doubled or late
 * costs nothing but time.
 */
import type { Context } from "../platform/context.ts";
import { log } from "../platform/log.ts";
import type { Channel, DeliveryRow } from "./channel.ts";

type Sender = Pick<Channel<DeliveryRow, never>, "name" | "queue" | "messages">;
type Reach = Pick<Context, "env" | "requestId">;

/** Queues takes so many messages at once. */
const batchSize = 100;

/** The sweep finds what is due, so a message that cannot be sent is only a delay. */
async function send({ name, queue }: Sender, reach: Reach, bodies: readonly unknown[], delaySeconds: number) {
  try {
    for (let from = 0; from < bodies.length; from += batchSize) {
      const batch = bodies.slice(from, from + batchSize).map((body) => ({ body }));
      await queue(reach.env).sendBatch(batch, { delaySeconds });
    }
  } catch (error) {
    log.warn(reach, "deliveries deferred to the Cron Trigger", { channel: name, error });
  }
}

/** Queues attempts of deliveries, now or after so many seconds. */
export function queueDeliveries(
  channel: Sender,
  reach: Reach,
  ids: readonly string[],
  delaySeconds = 0,
): Promise<void> {
  return send(channel, reach, ids.map(channel.messages.delivery), delaySeconds);
}

/**
 * Queues attempts of whatever is due for some endpoints.
 *
 * @param width how many at once for each of them
 */
export function queueDue(
  channel: Sender,
  reach: Reach,
  ids: readonly string[],
  width: number,
  delaySeconds = 0,
): Promise<void> {
  const bodies = ids.flatMap((id) => Array.from({ length: width }, () => channel.messages.endpoint(id)));
  return send(channel, reach, bodies, delaySeconds);
}
