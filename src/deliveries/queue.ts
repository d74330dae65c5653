/** The queue of a channel. D1 holds what is due, so a message that is lost, repeated or late only delays a delivery. */
import type { Context } from "../platform/context.ts";
import { log } from "../platform/log.ts";
import type { AnyChannel } from "./channel.ts";

type Sender = Pick<AnyChannel, "name" | "queue" | "messages">;
type Reach = Pick<Context, "env" | "requestId">;

/** The most messages that Queues accepts at once. */
const batchSize = 100;

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

/** Queues attempts of the due deliveries of some endpoints: `width` concurrent ones for each. */
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
