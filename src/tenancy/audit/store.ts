/** Questions to the audit log at rest. Its events are written by the ledger alone, and never changed. */
import { and, asc, desc, eq, gt, gte, lt, lte, max, min, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { auditEvents } from "../../platform/db/schema.ts";
import type { AgentId, EventId, OrganizationId } from "../../platform/ids.ts";
import type { StoredEvent } from "./stored-event.ts";

/** A span of time, both ends included, in milliseconds since the epoch; null is open. */
export interface TimeRange {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export interface EventFilter extends TimeRange {
  /** The agent that it happened to. */
  readonly agentId: AgentId | null;
  readonly action: string | null;
  readonly outcome: "success" | "failure" | null;
}

/** How many events a page has while a chain is walked. An invocation may ask D1 a thousand times. */
const walkPageSize = 2000;

/** The JSON columns come as text: a spoilt one must not fail the query, see `stored-event.ts`. */
const columns = {
  sequence: auditEvents.sequence,
  eventId: auditEvents.eventId,
  agentId: auditEvents.agentId,
  action: auditEvents.action,
  outcome: auditEvents.outcome,
  actor: sql<string>`${auditEvents.actor}`,
  target: auditEvents.target,
  details: sql<string>`${auditEvents.details}`,
  timestamp: auditEvents.timestamp,
  previousHash: auditEvents.previousHash,
  hash: auditEvents.hash,
};

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

/** The newest events that fit the filter, newest first. `before`: only those of a lower sequence. */
export function findEvents(
  context: Pick<Context, "db">,
  organizationId: OrganizationId,
  filter: EventFilter,
  before: number | null,
  limit: number,
): Promise<StoredEvent[]> {
  return eventsWhere(
    context,
    organizationId,
    before === null ? undefined : lt(auditEvents.sequence, before),
    filter.agentId === null ? undefined : eq(auditEvents.agentId, filter.agentId),
    filter.action === null ? undefined : eq(auditEvents.action, filter.action),
    filter.outcome === null ? undefined : eq(auditEvents.outcome, filter.outcome),
    within(filter),
  )
    .orderBy(desc(auditEvents.sequence))
    .limit(limit);
}

export async function findEvent(
  context: Pick<Context, "db">,
  organizationId: OrganizationId,
  eventId: EventId,
): Promise<StoredEvent | undefined> {
  const [event] = await eventsWhere(context, organizationId, eq(auditEvents.eventId, eventId)).limit(1);
  return event;
}

/** The event with the lowest sequence above the given one. */
export async function findEventAfter(
  context: Pick<Context, "db">,
  organizationId: OrganizationId,
  sequence: number,
): Promise<StoredEvent | undefined> {
  const [event] = await eventsWhere(context, organizationId, gt(auditEvents.sequence, sequence))
    .orderBy(asc(auditEvents.sequence))
    .limit(1);
  return event;
}

/** The event with the highest sequence below the given one. */
export async function findEventBefore(
  context: Pick<Context, "db">,
  organizationId: OrganizationId,
  sequence: number,
): Promise<StoredEvent | undefined> {
  const [event] = await eventsWhere(context, organizationId, lt(auditEvents.sequence, sequence))
    .orderBy(desc(auditEvents.sequence))
    .limit(1);
  return event;
}

/** The last event of the log as D1 has it. */
export async function findLastEvent(
  context: Pick<Context, "db">,
  organizationId: OrganizationId,
): Promise<StoredEvent | undefined> {
  const [event] = await eventsWhere(context, organizationId).orderBy(desc(auditEvents.sequence)).limit(1);
  return event;
}

/** The lowest and the highest sequence among the events of a time range, up to the sequence `through`; null when it has none. */
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
 * All events with `after` < sequence ≤ `through` in their order, a page at a time. Rows come as D1 gives them, without the
 * mapping that costs more than hashing them. The next page is on its way while one is looked at, so that two of them are in
 * memory and the reader waits for the database or the database for the reader, but not one after the other.
 *
 * @param after null: from the very first row, whatever its number
 * @param range leaves out the events of other times
 */
export async function* eventPages(
  context: Pick<Context, "env">,
  organizationId: OrganizationId,
  after: number | null,
  through: number,
  { fromMs, toMs }: TimeRange = { fromMs: null, toMs: null },
): AsyncGenerator<readonly StoredEvent[], void, void> {
  // With a plus, so that SQLite keeps to the order of the primary key.
  const times = fromMs === null && toMs === null ? "" : "AND +timestamp BETWEEN ?4 AND ?5";
  const statement = context.env.DB.prepare(
    `SELECT sequence, event_id, agent_id, action, outcome, actor, target, details, timestamp, previous_hash, hash
     FROM audit_events WHERE organization_id = ?1 AND sequence > ?2 AND sequence <= ?3 ${times}
     ORDER BY sequence LIMIT ${walkPageSize}`,
  );
  const bounds = times === "" ? [] : [fromMs ?? Number.MIN_SAFE_INTEGER, toMs ?? Number.MAX_SAFE_INTEGER];
  const pageAfter = (sequence: number) => {
    const rows = statement.bind(organizationId, sequence, through, ...bounds).raw<RawEvent>();
    // Whoever asks for this page hears of its failure; whoever stops before it has no use for it.
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
