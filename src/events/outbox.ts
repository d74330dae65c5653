/** The outbox: an event is written in the same D1 batch as its change, so that neither exists without the other. */
import { sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { Caller } from "../access/caller.ts";
import type { Context } from "../platform/context.ts";
import { previousChanged } from "../platform/db/conditional.ts";
import { outbox } from "../platform/db/schema.ts";
import { type EventId, newId, type OrganizationId } from "../platform/ids.ts";
import { log } from "../platform/log.ts";
import type { Actor, DomainEvent } from "./catalogue.ts";

/** What acts: a caller, or a client that has authenticated. */
type Acting = Pick<Caller, "agentId" | "credentialId"> & Partial<Pick<Caller, "delegation">>;

/**
 * The actor of an event. It is the delegatee where a caller acts for another agent (RFC 8693, `act`). With null it is the
 * service itself, or an agent that is not known.
 */
export function actorOf(context: Pick<Context, "source">, acting: Acting | null): Actor {
  return {
    agentId: acting?.delegation?.actorAgentId ?? acting?.agentId ?? null,
    ...(acting?.credentialId ? { credentialId: acting.credentialId } : {}),
    ...context.source,
  };
}

/**
 * Makes an event of a change that is about to be written.
 *
 * @example
 * ```ts
 * newEvent(context, actorOf(context, caller), { organizationId, action: "agent.suspended", agentId, target: agentId, details: {} });
 * ```
 */
export function newEvent(
  context: Pick<Context, "now">,
  actor: Actor,
  event: Pick<DomainEvent, "action" | "organizationId" | "agentId" | "target" | "details"> &
    Partial<Pick<DomainEvent, "data" | "outcome">>,
): DomainEvent {
  const occurredAtMs = context.now();
  return {
    id: newId<EventId>(occurredAtMs),
    outcome: "success",
    actor,
    occurredAtMs,
    ...event,
  };
}

/**
 * The events of what a caller does: one in the audit log of the organization that it happens to and, when the caller belongs
 * to another organization (the operator), one with an id of its own in the audit log of that. Webhooks get the first only.
 */
export function newEvents(
  context: Context,
  caller: Caller | null,
  event: Parameters<typeof newEvent>[2],
): [DomainEvent, ...DomainEvent[]] {
  const actor = actorOf(context, caller);
  const affected = newEvent(context, actor, event);
  if (!caller || caller.organizationId === event.organizationId) return [affected];
  const { data: _, ...recorded } = event;
  return [affected, newEvent(context, actor, { ...recorded, organizationId: caller.organizationId })];
}

type Statement = BatchItem<"sqlite">;

/** A change of state with its events. */
export interface Change<First extends Statement = Statement> {
  /**
   * Each statement after the first must be conditional on the one before it (`previousChanged`). So the last of them decides:
   * the change took place when it changed a row.
   */
  readonly statements: readonly [First, ...Statement[]];
  /** Written if the change took place. */
  readonly events: readonly DomainEvent[];
  /** What follows the events in the batch. Its first statement may be conditional on the change in the same way. */
  readonly after?: readonly Statement[];
}

/** Puts an event into the outbox if the statement before it in the batch changed a row. */
function insertIfChanged({ db }: Context, event: DomainEvent) {
  const { id, organizationId, occurredAtMs } = event;
  const values = sql`${id}, ${organizationId}, ${JSON.stringify(event)}, ${occurredAtMs}, false`;
  return db.insert(outbox).select(sql`SELECT ${values} WHERE ${previousChanged}`);
}

/** A change as the statements of a batch. The order matters: `changes()` is that of the statement before. */
function inOrder<First extends Statement>(context: Context, { statements, events, after = [] }: Change<First>) {
  const [first, ...rest] = statements;
  return [first, ...rest, ...events.map((event) => insertIfChanged(context, event)), ...after] as const;
}

/**
 * Writes several changes in one batch, each with its events if it takes place. For a caller with work to do before the events
 * are handed on: it calls {@link publish} afterwards. All others use {@link commitChange}.
 */
export async function writeChanges(context: Context, changes: readonly Change[]): Promise<void> {
  const [first, ...rest] = changes.flatMap((change) => [...inOrder(context, change)]);
  if (first) await context.db.batch([first, ...rest]);
}

/**
 * Writes a change and its events in one batch, so that neither exists without the other, and hands the events on.
 *
 * @param statements the change; each statement after the first is conditional on the one before it, see {@link Change}
 * @param after what follows the events in the batch
 * @returns what the first statement answered; null when the change did not take place, and then there are no events
 * @throws the database's error; then nothing was written
 *
 * @example
 * ```ts
 * const written = await commitChange(context, [updateAgent(db, before, change)], [event]);
 * if (!written) return null; // Lost a race: read again, decide again.
 * ```
 */
export async function commitChange<First extends Statement>(
  context: Context,
  statements: Change<First>["statements"],
  events: readonly DomainEvent[],
  after: readonly Statement[] = [],
): Promise<First["_"]["result"] | null> {
  const answers = await context.db.batch(inOrder(context, { statements, events, after }));
  if (!hasChanged(answers[statements.length - 1])) return null;
  const organizations = new Set(events.map(({ organizationId }) => organizationId));
  await Promise.all([...organizations].map((organizationId) => publish(context, organizationId)));
  return answers[0];
}

/** Whether a statement changed a row. One with RETURNING answers with the rows that it changed. */
const hasChanged = (answer: D1Result | readonly unknown[] | undefined): boolean =>
  answer !== undefined && ("meta" in answer ? answer.meta.changes > 0 : answer.length > 0);

/** Hands on the events that wait in the outbox. When that fails the change is in effect all the same, and the Cron Trigger hands them on. */
export async function publish(context: Context, organizationId: OrganizationId): Promise<void> {
  await context.relay(organizationId).catch((error: unknown) => {
    log.warn(context, "relay deferred to the Cron Trigger", { organizationId, error });
  });
}
