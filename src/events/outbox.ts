/** The outbox: an event is written in the same D1 batch as its change, so that neither exists without the other. */
import { sql } from "drizzle-orm";
import type { Caller } from "../access/caller.ts";
import type { Context } from "../platform/context.ts";
import { outbox } from "../platform/db/schema.ts";
import { type EventId, newId, type OrganizationId } from "../platform/ids.ts";
import { reasonOf } from "../platform/reason.ts";
import type { Actor, DomainEvent } from "./catalogue.ts";

/** The actor of an event that an authenticated call causes. */
export function actorOf(context: Context, caller: Caller | null): Actor {
  return {
    agentId: caller?.delegation?.actorAgentId ?? caller?.agentId ?? null,
    ...(caller?.credentialId ? { credentialId: caller.credentialId } : {}),
    ...context.source,
  };
}

/**
 * Makes an event of a change that is about to be written.
 *
 * @example
 * ```ts
 * newEvent(context, caller, { organizationId, action: "agent.suspended", agentId, target: agentId, details: {} });
 * ```
 */
export function newEvent(
  context: Context,
  caller: Caller | null,
  event: Pick<DomainEvent, "action" | "organizationId" | "agentId" | "target" | "details"> &
    Partial<Pick<DomainEvent, "data" | "outcome">>,
): DomainEvent {
  const occurredAtMs = context.now();
  return {
    id: newId<EventId>(occurredAtMs),
    outcome: "success",
    actor: actorOf(context, caller),
    occurredAtMs,
    ...event,
  };
}

/** The statement that puts an event into the outbox. */
export function outboxInsert(context: Context, event: DomainEvent) {
  const { id, organizationId, occurredAtMs } = event;
  return context.db.insert(outbox).values({ id, organizationId, event, createdAt: occurredAtMs });
}

/**
 * The same, but only when the statement just before it in the batch changed a row: a conditional change and its event
 * stand or fall together. Several may follow each other.
 */
export function outboxInsertIfChanged(context: Context, event: DomainEvent) {
  return context.db.insert(outbox).select(sql`
    SELECT ${event.id}, ${event.organizationId}, ${JSON.stringify(event)}, ${event.occurredAtMs}, false WHERE changes() > 0`);
}

/** Hands the organization's waiting events on at once. When that fails the change still stands, and the minute cron hands them on. */
export async function publish(context: Context, organizationId: OrganizationId): Promise<void> {
  await context.relay(organizationId).catch((error: unknown) => {
    console.warn(
      JSON.stringify({ message: "relay put off to the next sweep", organizationId, error: reasonOf(error) }),
    );
  });
}
