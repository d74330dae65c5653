/** The messages of the work queue: each kind is handled by the part of the service that sends it. */
import type { z } from "@hono/zod-openapi";
import type { Context } from "./context.ts";
import { log } from "./log.ts";

/** Messages that are handled together. */
export interface MessageKind<Message> {
  /** What such a message looks like. No two kinds may accept the same one. */
  readonly schema: z.ZodType<Message>;
  /** Handles the messages of a batch. When it rejects, the queue hands the whole batch over again. */
  receive(context: Context, messages: readonly Message[]): Promise<void>;
  /** Takes the messages that the queue has given up. A kind without it is made up for by the scheduled run. */
  revive?(context: Context, messages: readonly Message[]): Promise<void>;
}

type Kind = MessageKind<unknown>;

/** The messages of a batch by kind. What is no message of any kind is logged and left out. */
function byKind(kinds: readonly Kind[], context: Context, bodies: readonly unknown[]): [Kind, unknown[]][] {
  const read = bodies.flatMap((body) => {
    for (const kind of kinds) {
      const message = kind.schema.safeParse(body);
      if (message.success) return [{ kind, message: message.data }];
    }
    log.error(context, "not a message of the queue", { body });
    return [];
  });
  return [...Map.groupBy(read, ({ kind }) => kind)].map(([kind, group]) => [kind, group.map(({ message }) => message)]);
}

/**
 * Hands the messages of a batch to their kinds, which work side by side.
 *
 * @throws {Error} what a kind throws; the batch is then to be handed over again
 */
export async function receiveMessages(
  kinds: readonly Kind[],
  context: Context,
  bodies: readonly unknown[],
): Promise<void> {
  await Promise.all(byKind(kinds, context, bodies).map(([kind, messages]) => kind.receive(context, messages)));
}

/**
 * The same for messages that the queue has given up, because they could not be handled however often they came.
 *
 * @throws {Error} what a kind throws; the messages are then to be handed over again
 */
export async function reviveMessages(
  kinds: readonly Kind[],
  context: Context,
  bodies: readonly unknown[],
): Promise<void> {
  log.error(context, "messages came to the dead-letter queue", { count: bodies.length });
  await Promise.all(byKind(kinds, context, bodies).map(([kind, messages]) => kind.revive?.(context, messages)));
}
