/** Queries over the audit log in D1. Only the ledger writes its events, and no event ever changes. */
import { and, asc, desc, eq, getTableColumns, gt, gte, lt, lte, max, min, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { among } from "../../platform/db/conditional.ts";
import { agents, auditChains, auditEvents } from "../../platform/db/schema.ts";
import type { AgentId, EventId, OrganizationId } from "../../platform/ids.ts";
import type { EventQuery } from "./schema.ts";
import type { StoredEvent } from "./stored-event.ts";

/** A time range, both ends included, in milliseconds since the epoch; null: open. */
export interface TimeRange {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** Events in one page of a verification or an export. An invocation may query D1 a thousand times. */
const walkPageSize = 2000;

/** The JSON columns are read as text: an unreadable one must not fail the query, see `stored-event.ts`. */
const { organizationId: _, ...stored } = getTableColumns(auditEvents);
const columns = { ...stored, actor: sql<string>`${stored.actor}`, details: sql<string>`${stored.details}` };

function eventsWhere({ db }: Pick<Context, "db">, organizationId: OrganizationId, ...conditions: (SQL | undefined)[]) {
  return db
    .select(columns)
    .from(auditEvents)
    .where(and(eq(auditEvents.organizationId, organizationId), ...conditions))
    .$dynamic();
}

const within = ({ fromMs, toMs }: TimeRange) =>
  and(
    fromMs === null ? undefined : gte(auditEvents.timestamp, fromMs),
    toMs === null ? undefined : lte(auditEvents.timestamp, toMs),
  );

/** The events of the log that a query selects. */
export type EventFilter = Omit<EventQuery, "limit" | "cursor" | "order" | "afterSequence">;

const matching = ({ agentId, action, outcome, target, from, to }: EventFilter) =>
  and(
    agentId === undefined ? undefined : eq(auditEvents.agentId, agentId),
    action === undefined ? undefined : eq(auditEvents.action, action),
    outcome === undefined ? undefined : eq(auditEvents.outcome, outcome),
    target === undefined ? undefined : eq(auditEvents.target, target),
    within({ fromMs: from ?? null, toMs: to ?? null }),
  );

/** The newest events that match the filter, newest first. `before`: only events of a lower sequence. */
export function findEvents(
  context: Pick<Context, "db">,
  organizationId: OrganizationId,
  filter: EventFilter,
  before: number | null,
  limit: number,
): Promise<StoredEvent[]> {
  const below = before === null ? undefined : lt(auditEvents.sequence, before);
  return eventsWhere(context, organizationId, below, matching(filter)).orderBy(desc(auditEvents.sequence)).limit(limit);
}

/**
 * The first events with `after` < sequence ≤ `through` that match the filter, oldest first, and the sequence up to which retention
 * has removed events, 0 for none. Both are of one moment: a removal between two reads would hide what it removes.
 */
export async function findEventsInOrder(
  context: Pick<Context, "db">,
  organizationId: OrganizationId,
  filter: EventFilter,
  { after, through }: { readonly after: number; readonly through: number },
  limit: number,
): Promise<{ readonly rows: StoredEvent[]; readonly removedThrough: number }> {
  const { anchorSequence } = auditChains;
  const [[chain], rows] = await context.db.batch([
    context.db.select({ anchorSequence }).from(auditChains).where(eq(auditChains.organizationId, organizationId)),
    eventsWhere(
      context,
      organizationId,
      gt(auditEvents.sequence, after),
      // The plus: with two bounds SQLite would rather read them all than the index of an agent or a target.
      sql`+${auditEvents.sequence} <= ${through}`,
      matching(filter),
    )
      .orderBy(asc(auditEvents.sequence))
      .limit(limit),
  ]);
  return { rows, removedThrough: chain?.anchorSequence ?? 0 };
}

export function findEvent(context: Pick<Context, "db">, organizationId: OrganizationId, eventId: EventId) {
  return eventsWhere(context, organizationId, eq(auditEvents.eventId, eventId)).limit(1).get();
}

/** Whether the organization has ever had an event: one that is suspended or deleted has. */
export async function hasChain({ db }: Pick<Context, "db">, organizationId: OrganizationId): Promise<boolean> {
  const { organizationId: id } = auditChains;
  return (await db.select({ id }).from(auditChains).where(eq(id, organizationId)).get()) !== undefined;
}

/** The event with the lowest sequence above the given one. */
export function findEventAfter(context: Pick<Context, "db">, organizationId: OrganizationId, sequence: number) {
  const above = gt(auditEvents.sequence, sequence);
  return eventsWhere(context, organizationId, above).orderBy(asc(auditEvents.sequence)).limit(1).get();
}

/** The event with the highest sequence, of all or of those below `before`. */
export function findLastEvent(context: Pick<Context, "db">, organizationId: OrganizationId, before?: number) {
  const below = before === undefined ? undefined : lt(auditEvents.sequence, before);
  return eventsWhere(context, organizationId, below).orderBy(desc(auditEvents.sequence)).limit(1).get();
}

/** The lowest and the highest sequence in a time range, up to the sequence `through`; null for a range without events. */
export async function findSequencesWithin(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  range: TimeRange,
  through: number,
): Promise<{ first: number; last: number } | null> {
  const [row] = await db
    .select({ first: min(auditEvents.sequence), last: max(auditEvents.sequence) })
    .from(auditEvents)
    .where(and(eq(auditEvents.organizationId, organizationId), lte(auditEvents.sequence, through), within(range)));
  if (!row || row.first === null || row.last === null) return null;
  return { first: row.first, last: row.last };
}

/** The e-mail addresses of those of the agents that are of the organization, by their ids. */
export async function findEmails(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  agentIds: readonly AgentId[],
): Promise<Map<AgentId, string>> {
  if (agentIds.length === 0) return new Map();
  const rows = await db
    .select({ id: agents.id, email: agents.email })
    .from(agents)
    .where(and(eq(agents.organizationId, organizationId), sql`${agents.id} IN ${among(agentIds)}`));
  return new Map(rows.map(({ id, email }) => [id, email]));
}

type RawEvent = [
  sequence: number,
  eventId: EventId,
  agentId: AgentId | null,
  action: string,
  outcome: "success" | "failure",
  actor: string,
  target: string | null,
  details: string,
  timestamp: number,
  previousHash: string,
  hash: string,
];

function storedEvent(row: RawEvent): StoredEvent {
  const [sequence, eventId, agentId, action, outcome, actor, target, details, timestamp, previousHash, hash] = row;
  return { sequence, eventId, agentId, action, outcome, actor, target, details, timestamp, previousHash, hash };
}

/**
 * All events with `after` < sequence ≤ `through` in their order, a page at a time. Reads raw rows: drizzle's mapping costs more
 * than hashing them. Requests the next page while the caller works on one, so two pages are in memory.
 *
 * @param after null: from the first row, whatever its sequence
 * @param range omits events of other times
 */
export async function* eventPages(
  context: Pick<Context, "env">,
  organizationId: OrganizationId,
  after: number | null,
  through: number,
  { fromMs, toMs }: TimeRange = { fromMs: null, toMs: null },
): AsyncGenerator<readonly StoredEvent[], void, void> {
  // The plus keeps SQLite on the primary key, and so in its order.
  const times = fromMs === null && toMs === null ? "" : "AND +timestamp BETWEEN ?4 AND ?5";
  const statement = context.env.DB.prepare(
    `SELECT sequence, event_id, agent_id, action, outcome, actor, target, details, timestamp, previous_hash, hash
     FROM audit_events WHERE organization_id = ?1 AND sequence > ?2 AND sequence <= ?3 ${times}
     ORDER BY sequence LIMIT ${walkPageSize}`,
  );
  const bounds = times === "" ? [] : [fromMs ?? Number.MIN_SAFE_INTEGER, toMs ?? Number.MAX_SAFE_INTEGER];
  const pageAfter = (sequence: number) => {
    const rows = statement.bind(organizationId, sequence, through, ...bounds).raw<RawEvent>();
    // The `await` below reports a failure. Without this a caller that stops early would leave an unhandled rejection.
    rows.catch(() => undefined);
    return rows;
  };
  for (let next = pageAfter(after ?? Number.MIN_SAFE_INTEGER); ; ) {
    const page = (await next).map(storedEvent);
    const end = page.at(-1);
    const isLast = !end || page.length < walkPageSize;
    if (!isLast) next = pageAfter(end.sequence);
    yield page;
    if (isLast) return;
  }
}
