/** The outbox: a change and its events are written in one D1 batch, so that neither exists without the other. */
import { sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { Caller } from "../access/caller.ts";
import type { Context, RelayedEvents } from "../platform/context.ts";
import { answerIfChanged, failUnlessClaimed } from "../platform/db/claims.ts";
import { violatesNotNull } from "../platform/db/client.ts";
import { previousChanged } from "../platform/db/conditional.ts";
import { outbox } from "../platform/db/schema.ts";
import { DependencyDown } from "../platform/dependency.ts";
import { type EventId, newId, type OrganizationId } from "../platform/ids.ts";
import { log } from "../platform/log.ts";
import { type Actor, type DomainEvent, entryOf } from "./catalogue.ts";
import { boundedDetails } from "./details.ts";
import { failAfterDeadline, type Hold } from "./hold.ts";

/** A caller, or an authenticated client. */
type Acting = Pick<Caller, "agentId" | "credentialId"> & Partial<Pick<Caller, "delegation">>;

/** The actor of an event: the delegatee for a delegated caller (RFC 8693 4.1, `act`); with null the service, or an unknown agent. */
export function actorOf(context: Pick<Context, "source">, acting: Acting | null): Actor {
  return {
    agentId: acting?.delegation?.actorAgentId ?? acting?.agentId ?? null,
    ...(acting?.credentialId ? { credentialId: acting.credentialId } : {}),
    ...context.source,
  };
}

type EventFacts = Pick<DomainEvent, "action" | "organizationId" | "agentId" | "target" | "details"> &
  Partial<Pick<DomainEvent, "data" | "outcome">>;

/** Makes the event of a change, with a new id and the present time. Its default outcome is `success`. Cuts what is too long. */
export function newEvent(context: Pick<Context, "now">, actor: Actor, event: EventFacts): DomainEvent {
  const occurredAtMs = context.now();
  const details = boundedDetails(event.details);
  return { id: newId<EventId>(occurredAtMs), outcome: "success", actor, occurredAtMs, ...event, details };
}

/**
 * The events of a caller's act: one in the audit log of the affected organization and, when the caller belongs to another
 * organization (the operator), one in the audit log of that. Webhooks get the first only.
 */
export function newEvents(context: Context, caller: Caller | null, event: EventFacts): [DomainEvent, ...DomainEvent[]] {
  const actor = actorOf(context, caller);
  const affected = newEvent(context, actor, event);
  if (!caller || caller.organizationId === event.organizationId) return [affected];
  const { data: _, ...recorded } = event;
  return [affected, newEvent(context, actor, { ...recorded, organizationId: caller.organizationId })];
}

type Statement = BatchItem<"sqlite">;
/** The result of a statement, or the rows of one with RETURNING. */
type Answer = D1Result | readonly unknown[];

/** A change of state with its events. */
export interface Change<First extends Statement = Statement> {
  /**
   * Each statement after the first must be conditional on the previous one (`previousChanged`). The change took place if the
   * last statement changed a row.
   */
  readonly statements: readonly [First, ...Statement[]];
  /** Written if the change took place. */
  readonly events: readonly DomainEvent[];
  /** Statements after the events. The first may be conditional on the change (`previousChanged`). */
  readonly after?: readonly Statement[];
}

/**
 * The event as JSON, with the webhooks that match it at this moment: a relay minutes later must not use what they are then. The
 * order of the writes in D1 decides, not a clock.
 */
function withSubscriptions(event: DomainEvent) {
  const json = JSON.stringify(event);
  if (entryOf(event.action)?.webhook === undefined) return sql`${json}`;
  const matching = sql`SELECT json_group_array(id) FROM webhook_subscriptions AS subscription
    WHERE organization_id = ${event.organizationId} AND active = 1
      AND EXISTS (SELECT 1 FROM json_each(subscription.events) WHERE value = ${event.action})`;
  return sql`json_set(${json}, '$.subscriptionIds', json((${matching})))`;
}

/** Writes an event to the outbox if the previous statement of the batch changed a row. */
function insertIfChanged({ db }: Context, event: DomainEvent) {
  const { id, organizationId, occurredAtMs } = event;
  const values = sql`${id}, ${organizationId}, ${withSubscriptions(event)}, ${occurredAtMs}, false`;
  return db.insert(outbox).select(sql`SELECT ${values} WHERE ${previousChanged}`);
}

/** The statements of a change and of the answer to its request, in their order: `changes()` is the count of the previous statement. */
function inOrder<First extends Statement>(context: Context, { statements, events, after = [] }: Change<First>) {
  const [first, ...rest] = statements;
  const { claim } = context;
  const answer = claim?.answer ? [answerIfChanged(context, claim, claim.answer, context.now())] : [];
  return [first, ...rest, ...events.map((event) => insertIfChanged(context, event)), ...answer, ...after] as const;
}

/** Writes several changes in one batch, each with its events if it takes place. The caller must {@link publish} afterwards. */
export async function writeChanges(context: Context, changes: readonly Change[]): Promise<void> {
  const [first, ...rest] = changes.flatMap((change) => [...inOrder(context, change)]);
  if (first) await context.db.batch([first, ...rest]);
}

/**
 * Writes a {@link Change} and its events in one batch, and relays the events. For a request with an `Idempotency-Key` the batch also
 * has the answer, if the context is of `answering`.
 *
 * @param hold the hold of the change; its id goes with the events. Use `commitHeld` of the ledger
 * @returns the result of the first statement; null when the change did not take place, and then there are no events
 * @throws the database's error; then nothing was written
 * @throws {DependencyDown} when the write reached D1 after the deadline of its hold; then nothing was written
 * @throws when another attempt of the request has taken its claim over; then nothing was written, and `once` answers
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
  hold: Hold | null = null,
): Promise<First["_"]["result"] | null> {
  const marked = events.map((event) =>
    hold?.organizationId === event.organizationId ? { ...event, holdId: hold.id } : event,
  );
  const change = inOrder(context, { statements, events: marked, after });
  const answers = await writeGuarded(context, hold, change);
  if (!hasChanged(answers[statements.length - 1])) return null;
  if (context.claim?.answer) context.claim.state.isAnswered = true;
  const organizations = new Set(events.map(({ organizationId }) => organizationId));
  await Promise.all([...organizations].map((organizationId) => publish(context, organizationId)));
  return answers[0];
}

/** Writes a batch, unless the deadline of its hold has passed, or its attempt has lost the claim of the request. */
async function writeGuarded<First extends Statement>(
  context: Context,
  hold: Hold | null,
  change: readonly [First, ...Statement[]],
): Promise<readonly [First["_"]["result"], ...Answer[]]> {
  const guards: readonly Statement[] = [
    ...(hold ? [failAfterDeadline(context, hold)] : []),
    ...(context.claim ? [failUnlessClaimed(context, context.claim)] : []),
  ];
  const [first, ...rest] = [...guards, ...change] as const;
  try {
    const answers = first && (await context.db.batch([first, ...rest]));
    return answers?.slice(guards.length) as unknown as [First["_"]["result"], ...Answer[]];
  } catch (error) {
    throw violatesNotNull(error, "outbox.event") ? new DependencyDown("The database", error) : error;
  }
}

/** Whether a statement changed a row. A statement with RETURNING returns the changed rows. */
const hasChanged = (answer: Answer | undefined): boolean =>
  answer !== undefined && ("meta" in answer ? answer.meta.changes > 0 : answer.length > 0);

/** Relays the events in the outbox. A failure does not undo the change: the Cron Trigger relays them later. */
export async function publish(context: Context, organizationId: OrganizationId, which?: RelayedEvents): Promise<void> {
  await context.relay(organizationId, which).catch((error: unknown) => {
    log.warn(context, "relay deferred to the Cron Trigger", { organizationId, error });
  });
}
