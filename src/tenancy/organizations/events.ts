/** Events of this room. Where the operator acts on another organization, both keep a record of it, and webhooks of that one are told. */

import type { Caller } from "../../access/caller.ts";
import type { DomainEvent } from "../../events/catalogue.ts";
import { newEvent, publish } from "../../events/outbox.ts";
import type { Context } from "../../platform/context.ts";

/**
 * The event in the chain of the organization that it happened to and, when the actor belongs to another one, a second
 * event with an id of its own in the actor's chain.
 */
export function eventsOf(
  context: Context,
  caller: Caller | null,
  event: Parameters<typeof newEvent>[2],
): [DomainEvent, ...DomainEvent[]] {
  const affected = newEvent(context, caller, event);
  if (!caller || caller.organizationId === event.organizationId) return [affected];
  const { data: _, ...recorded } = event;
  return [affected, newEvent(context, caller, { ...recorded, organizationId: caller.organizationId })];
}

/** Hands on what waits in every chain that these events belong to. */
export async function publishAll(context: Context, events: readonly DomainEvent[]): Promise<void> {
  await Promise.all([...new Set(events.map((event) => event.organizationId))].map((id) => publish(context, id)));
}
