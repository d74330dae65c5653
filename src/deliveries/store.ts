/**
 * The queries over the deliveries of a channel. A row is claimed before its attempt, so one of two concurrent attempts takes
 * place. The outcome of an attempt is written only while its claim is the current one.
 */
import { and, asc, desc, eq, getTableColumns, gt, isNull, lte, or, type SQL, sql } from "drizzle-orm";
import type { Context, WithDb } from "../platform/context.ts";
import { among, previousChanged, rowsWithoutLimit } from "../platform/db/conditional.ts";
import type { AttemptRecord } from "./attempt.ts";
import type {
  AnyChannel,
  AttemptRow,
  AttemptTable,
  Claimed,
  DeliveryRow,
  DeliveryTable,
  End,
  EndpointTable,
  Tables,
} from "./channel.ts";
import type { Next } from "./schedule.ts";
import { slowWidth } from "./slow.ts";

/** The clock of the sender of a delayed message may be a little ahead of ours. */
const earlyMs = 1000;

/** The claimed deliveries, and what the channel's query for endpoints found. */
export type ClaimedWithEndpoints = readonly [claimed: readonly Claimed<DeliveryRow>[], endpoints: readonly unknown[]];

/** When a claim is made, in milliseconds since the epoch, and how long it lasts. */
interface Lease {
  readonly nowMs: number;
  readonly leaseMs: number;
}

const endpointColumn = ({ endpointId }: DeliveryTable) => sql.identifier(endpointId.name);

/** Due, and its endpoint may get a request now: the endpoint is active and, if it is slow, has few requests under way. */
const isReady = ({ deliveries, endpoints }: Tables, nowMs: number) =>
  sql`${deliveries.dueAt} <= ${nowMs + earlyMs} AND EXISTS (
    SELECT 1 FROM ${endpoints} AS target
    WHERE target.id = ${deliveries.endpointId} AND target.active = 1 AND (target.slow_until <= ${nowMs} OR
      (SELECT count(*) FROM ${deliveries} AS other
       WHERE other.${endpointColumn(deliveries)} = target.id AND other.claimed_until > ${nowMs}) < ${slowWidth}))`;

async function claim(
  context: Pick<Context, "db" | "now">,
  { tables, findEndpoints }: AnyChannel,
  which: { readonly deliveries: SQL; readonly endpoints: SQL },
  { nowMs, leaseMs }: Lease,
): Promise<ClaimedWithEndpoints> {
  const { deliveries: table } = tables;
  const claimedUntil = nowMs + leaseMs;
  const [claimed, endpoints] = await context.db.batch([
    context.db
      .update(table)
      .set({ claimedUntil, dueAt: claimedUntil })
      .where(and(sql`${table.id} IN ${which.deliveries}`, isReady(tables, nowMs)))
      .returning(),
    findEndpoints(context, which.endpoints),
  ]);
  return [claimed as Claimed<DeliveryRow>[], endpoints];
}

/** Claims the ready ones of the deliveries; returns them and the endpoints of all. */
export function claimDeliveries(
  context: Pick<Context, "db" | "now">,
  channel: AnyChannel,
  ids: readonly string[],
  lease: Lease,
): Promise<ClaimedWithEndpoints> {
  const { deliveries } = channel.tables;
  const named = among(ids);
  const endpoints = sql`(SELECT ${endpointColumn(deliveries)} FROM ${deliveries} WHERE id IN ${named})`;
  return claim(context, channel, { deliveries: named, endpoints }, lease);
}

/** Claims the delivery of an endpoint that has been due for longest, if it is ready. */
export function claimNextDelivery(
  context: Pick<Context, "db" | "now">,
  channel: AnyChannel,
  endpointId: string,
  lease: Lease,
): Promise<ClaimedWithEndpoints> {
  const { deliveries } = channel.tables;
  const next = sql`(SELECT id FROM ${deliveries}
    WHERE ${endpointColumn(deliveries)} = ${endpointId} AND due_at <= ${lease.nowMs} ORDER BY due_at LIMIT 1)`;
  return claim(context, channel, { deliveries: next, endpoints: sql`(${endpointId})` }, lease);
}

const ofDelivery = ({ endpointId, deliveryId }: AttemptTable, endpoint: string, delivery: string) =>
  and(eq(endpointId, endpoint), eq(deliveryId, delivery));

/** How many attempts of a delivery are kept. */
const keptAttempts = 20;

/** Keeps an attempt in the place of the oldest, if the previous statement of the batch changed a row. */
function keepAttemptIfChanged(
  { db }: WithDb,
  { attempts }: Pick<Tables, "attempts">,
  { endpointId, id }: Pick<DeliveryRow, "endpointId" | "id">,
  { startedAtMs, httpStatusCode, error, durationMs }: AttemptRecord,
) {
  const row: Record<keyof AttemptRow, SQL> = {
    endpointId: sql`${endpointId}`,
    deliveryId: sql`${id}`,
    slot: sql`next.number % ${keptAttempts}`,
    number: sql`next.number`,
    startedAt: sql`${startedAtMs}`,
    httpStatusCode: sql`${httpStatusCode}`,
    error: sql`${error}`,
    durationMs: sql`${durationMs}`,
  };
  // `INSERT … SELECT` has the columns in the order of the table.
  const values = Object.keys(getTableColumns(attempts)).map((name) => row[name as keyof AttemptRow]);
  const next = sql`SELECT coalesce(max(${attempts.number}), 0) + 1 AS number FROM ${attempts}
    WHERE ${ofDelivery(attempts, endpointId, id)}`;
  const { slot, number, startedAt, httpStatusCode: status, error: why, durationMs: duration } = attempts;
  const replaced = (column: { readonly name: string }) => sql`excluded.${sql.identifier(column.name)}`;
  return db
    .insert(attempts)
    .select(sql`SELECT ${sql.join(values, sql`, `)} FROM (${next}) AS next WHERE ${previousChanged}`)
    .onConflictDoUpdate({
      target: [attempts.endpointId, attempts.deliveryId, slot],
      set: {
        number: replaced(number),
        startedAt: replaced(startedAt),
        httpStatusCode: replaced(status),
        error: replaced(why),
        durationMs: replaced(duration),
      },
    });
}

/** Ends an attempt and keeps it, unless its claim is not the current one any more. Both statements belong into one batch. */
export function endAttempt(
  { db }: WithDb,
  tables: Pick<Tables, "deliveries" | "attempts">,
  delivery: Claimed<DeliveryRow>,
  record: AttemptRecord,
  next: Next,
  nowMs: number,
): End {
  const { deliveries } = tables;
  const { id, claimedUntil, attemptCount } = delivery;
  const { httpStatusCode, responseBody, error, note } = record;
  const end = db
    .update(deliveries)
    .set({
      status: next.status,
      httpStatusCode,
      responseBody,
      error,
      note,
      attemptCount: attemptCount + 1,
      claimedUntil: null,
      dueAt: next.status === "failed" ? nowMs + next.pauseMs : null,
      deliveredAt: next.status === "delivered" ? nowMs : null,
      updatedAt: nowMs,
    })
    .where(
      and(eq(deliveries.id, id), eq(deliveries.claimedUntil, claimedUntil), eq(deliveries.attemptCount, attemptCount)),
    );
  return [end, keepAttemptIfChanged({ db }, tables, delivery, record)];
}

/** The last attempts of a delivery, newest first. */
export function attemptsOf({ db }: WithDb, { attempts }: Pick<Tables, "attempts">, endpointId: string, id: string) {
  return db
    .select()
    .from(attempts)
    .where(ofDelivery(attempts, endpointId, id))
    .orderBy(desc(attempts.number));
}

/** Makes a delivery pending again, whatever its status. The outcome of an attempt under way is ignored. */
export function restart({ db }: WithDb, { deliveries }: Tables, endpointId: string, id: string, nowMs: number) {
  return db
    .update(deliveries)
    .set({
      status: "pending",
      attemptCount: 0,
      dueAt: nowMs,
      claimedUntil: null,
      httpStatusCode: null,
      responseBody: null,
      error: null,
      note: null,
      deliveredAt: null,
      updatedAt: nowMs,
    })
    .where(and(eq(deliveries.endpointId, endpointId), eq(deliveries.id, id)));
}

const bumped = (nowMs: number) => sql`max(updated_at + 1, ${nowMs})`;

/** Sets the count of consecutive failures to 0. After an attempt in time, the endpoint is not slow any more. */
export function clearFailures({ db }: WithDb, { endpoints }: Tables, id: string, inTime: boolean, nowMs: number) {
  const { failureCount, slowUntil } = endpoints;
  return db
    .update(endpoints)
    .set({ failureCount: 0, ...(inTime ? { slowUntil: 0 } : {}), updatedAt: bumped(nowMs) })
    .where(and(eq(endpoints.id, id), inTime ? or(gt(failureCount, 0), gt(slowUntil, 0)) : gt(failureCount, 0)));
}

/**
 * Counts a delivery that was given up, if the previous statement of the batch changed a row.
 *
 * @param isSame whether the endpoint is still the one that failed
 */
export function countFailureIfChanged(
  { db }: WithDb,
  endpoints: EndpointTable,
  id: string,
  nowMs: number,
  isSame?: SQL,
) {
  return db
    .update(endpoints)
    .set({ failureCount: sql`failure_count + 1`, updatedAt: bumped(nowMs) })
    .where(and(eq(endpoints.id, id), isSame, previousChanged));
}

/** Disables an endpoint with so many consecutive failures, if the previous statement of the batch changed a row. */
export function disableIfChanged({ db }: WithDb, endpoints: EndpointTable, id: string, failures: number) {
  const hasFailed = sql`${endpoints.failureCount} >= ${failures}`;
  return db
    .update(endpoints)
    .set({ active: false })
    .where(and(eq(endpoints.id, id), eq(endpoints.active, true), hasFailed, previousChanged));
}

/** Records until when an endpoint counts as slow, in milliseconds since the epoch. */
export async function markSlow({ db }: WithDb, { endpoints }: Tables, id: string, untilMs: number): Promise<void> {
  await db
    .update(endpoints)
    .set({ slowUntil: untilMs })
    .where(and(eq(endpoints.id, id), lte(endpoints.slowUntil, untilMs)));
}

/** Some active endpoints with deliveries that have been due since before a time, and the number of all of them. */
export async function endpointsWithOverdue(
  { db }: WithDb,
  { deliveries, endpoints }: Tables,
  beforeMs: number,
  limit: number,
): Promise<{ readonly ids: readonly string[]; readonly total: number }> {
  const hasOverdue = sql`EXISTS (SELECT 1 FROM ${deliveries} AS waiting
    WHERE waiting.${endpointColumn(deliveries)} = ${endpoints.id} AND waiting.due_at <= ${beforeMs})`;
  const rows = await db
    .select({ id: endpoints.id, total: rowsWithoutLimit })
    .from(endpoints)
    .where(and(eq(endpoints.active, true), hasOverdue))
    .orderBy(sql`random()`)
    .limit(limit);
  return { ids: rows.map(({ id }) => id), total: rows[0]?.total ?? 0 };
}

/** The endpoints of those of the deliveries that are not finished. */
export async function endpointsWaitingFor({ db }: WithDb, { deliveries }: Tables, ids: readonly string[]) {
  const rows = await db
    .selectDistinct({ id: deliveries.endpointId })
    .from(deliveries)
    .where(and(sql`${deliveries.id} IN ${among(ids)}`, sql`${deliveries.dueAt} IS NOT NULL`));
  return rows.map(({ id }) => id);
}

/** Deletes some deliveries, with their attempts. */
export function deleteDeliveries(
  { db }: WithDb,
  { deliveries, attempts }: Pick<Tables, "deliveries" | "attempts">,
  which: SQL,
) {
  const ofThese = sql`SELECT ${endpointColumn(deliveries)}, id FROM ${deliveries} WHERE ${which}`;
  return [
    db.delete(attempts).where(sql`(${attempts.endpointId}, ${attempts.deliveryId}) IN (${ofThese})`),
    db.delete(deliveries).where(which),
  ] as const;
}

/** Deletes some of the deliveries that were finished before a time. */
export async function deleteFinished({ db }: WithDb, tables: Tables, beforeMs: number, limit: number) {
  const { deliveries } = tables;
  const old = db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(and(isNull(deliveries.dueAt), lte(deliveries.updatedAt, beforeMs)))
    .orderBy(asc(deliveries.updatedAt))
    .limit(limit);
  await db.batch(deleteDeliveries({ db }, tables, sql`id IN (${old})`));
}
