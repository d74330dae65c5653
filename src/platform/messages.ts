/** The messages of the work queue. The part of the service that sends a kind also handles it. */
import type { z } from "@hono/zod-openapi";
import type { Context } from "./context.ts";
import { log } from "./log.ts";

export interface MessageKind<Message> {
  /** Two kinds must not accept the same message. */
  readonly schema: z.ZodType<Message>;
  /** Handles the messages of a batch. When it rejects, the queue delivers the whole batch again. */
  receive(context: Context, messages: readonly Message[]): Promise<void>;
  /** Handles messages that the queue has given up. For a kind without it, the scheduled run does the work. */
  retryDeadLetters?(context: Context, messages: readonly Message[]): Promise<void>;
}

type Kind = MessageKind<unknown>;

/** The messages of a batch by kind. A message of no kind is logged and left out. */
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

/** Dispatches the messages of a batch to their kinds, concurrently. When it rejects, the queue must deliver the batch again. */
export async function receiveMessages(
  kinds: readonly Kind[],
  context: Context,
  bodies: readonly unknown[],
): Promise<void> {
  await Promise.all(byKind(kinds, context, bodies).map(([kind, messages]) => kind.receive(context, messages)));
}

/** The same for messages that the queue has given up after repeated failures. */
export async function retryDeadLetters(
  kinds: readonly Kind[],
  context: Context,
  bodies: readonly unknown[],
): Promise<void> {
  log.error(context, "messages came to the dead-letter queue", { count: bodies.length });
  await Promise.all(
    byKind(kinds, context, bodies).map(([kind, messages]) => kind.retryDeadLetters?.(context, messages)),
  );
}
