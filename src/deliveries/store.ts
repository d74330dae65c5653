/**
 * The queries over the deliveries of a channel. A row is claimed before its attempt and released with the outcome, so that
 * of two that want to attempt it one does. Every outcome names the claim that it ends, and counts only while that claim does.
 */
import { and, asc, eq, gt, inArray, isNull, lte, or, type SQL, sql } from "drizzle-orm";
import type { Context } from "../platform/context.ts";
import { among, previousChanged } from "../platform/db/conditional.ts";
import type { AttemptRecord } from "./attempt.ts";
import type { Channel, Claimed, DeliveryRow, EndpointTable, Tables } from "./channel.ts";
import type { Next } from "./schedule.ts";
import { slowWidth } from "./slow.ts";

/** The clock of the sender of a delayed message may be a little ahead of ours. */
const earlyMs = 1000;

/** What a claim answers with. */
export type ClaimedWithEndpoints<Row, Found> = readonly [claimed: readonly Claimed<Row>[], endpoints: readonly Found[]];

/** Due, and its endpoint may get a request now: it is active, and if it is slow it has few under way. */
function isReady({ deliveries, endpoints }: Tables, nowMs: number): SQL {
  const endpointId = sql.identifier(deliveries.endpointId.name);
  return sql`${deliveries.dueAt} <= ${nowMs + earlyMs} AND EXISTS (
    SELECT 1 FROM ${endpoints} AS target
    WHERE target.id = ${deliveries.endpointId} AND target.active = 1 AND (target.slow_until <= ${nowMs} OR
      (SELECT count(*) FROM ${deliveries} AS other
       WHERE other.${endpointId} = target.id AND other.claimed_until > ${nowMs}) < ${slowWidth}))`;
}

/** Claims those that are ready, and finds some endpoints. */
async function claim<Row extends DeliveryRow, Found>(
  context: Pick<Context, "db" | "now">,
  { tables, findEndpoints }: Channel<Row, Found>,
  which: { readonly deliveries: SQL; readonly endpoints: SQL },
  nowMs: number,
  leaseMs: number,
): Promise<ClaimedWithEndpoints<Row, Found>> {
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
  // The rows have all columns of the channel's table, of which this file knows some.
  return [claimed as unknown as Claimed<Row>[], endpoints];
}

/** Claims those of the deliveries that are ready; answers with them and with their endpoints. */
export function claimDeliveries<Row extends DeliveryRow, Found>(
  context: Pick<Context, "db" | "now">,
  channel: Channel<Row, Found>,
  ids: readonly string[],
  nowMs: number,
  leaseMs: number,
) {
  const { deliveries } = channel.tables;
  const named = among(ids);
  const endpoints = sql`(SELECT ${sql.identifier(deliveries.endpointId.name)} FROM ${deliveries} WHERE id IN ${named})`;
  return claim(context, channel, { deliveries: named, endpoints }, nowMs, leaseMs);
}

/** The same for the one of an endpoint's deliveries that has been due for longest. */
export function claimNextDelivery<Row extends DeliveryRow, Found>(
  context: Pick<Context, "db" | "now">,
  channel: Channel<Row, Found>,
  endpointId: string,
  nowMs: number,
  leaseMs: number,
) {
  const { deliveries } = channel.tables;
  const next = sql`(SELECT id FROM ${deliveries}
    WHERE ${sql.identifier(deliveries.endpointId.name)} = ${endpointId} AND due_at <= ${nowMs} ORDER BY due_at LIMIT 1)`;
  return claim(context, channel, { deliveries: next, endpoints: sql`(${endpointId})` }, nowMs, leaseMs);
}

/** Ends an attempt. */
export function endAttempt(
  { db }: Pick<Context, "db">,
  { deliveries }: Pick<Tables, "deliveries">,
  { id, claimedUntil, attemptCount }: Claimed<DeliveryRow>,
  { httpStatusCode, responseBody, error }: AttemptRecord,
  next: Next,
  nowMs: number,
) {
  return db
    .update(deliveries)
    .set({
      status: next.status,
      httpStatusCode,
      responseBody,
      error,
      attemptCount: attemptCount + 1,
      claimedUntil: null,
      dueAt: next.status === "failed" ? nowMs + next.pauseMs : null,
      deliveredAt: next.status === "delivered" ? nowMs : null,
      updatedAt: nowMs,
    })
    .where(
      and(eq(deliveries.id, id), eq(deliveries.claimedUntil, claimedUntil), eq(deliveries.attemptCount, attemptCount)),
    );
}

/** Lets a delivery begin anew, whatever became of it; an attempt that is under way counts no more. */
export function restart(
  { db }: Pick<Context, "db">,
  { deliveries }: Tables,
  endpointId: string,
  id: string,
  nowMs: number,
) {
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
      deliveredAt: null,
      updatedAt: nowMs,
    })
    .where(and(eq(deliveries.endpointId, endpointId), eq(deliveries.id, id)));
}

const bumped = (nowMs: number) => sql`max(updated_at + 1, ${nowMs})`;

/** Sets the failures in a row to 0 and, after an attempt in time, the endpoint counts as slow no more. */
export function clearFailures(
  { db }: Pick<Context, "db">,
  { endpoints }: Tables,
  id: string,
  inTime: boolean,
  nowMs: number,
) {
  const { failureCount, slowUntil } = endpoints;
  return db
    .update(endpoints)
    .set({ failureCount: 0, ...(inTime ? { slowUntil: 0 } : {}), updatedAt: bumped(nowMs) })
    .where(and(eq(endpoints.id, id), inTime ? or(gt(failureCount, 0), gt(slowUntil, 0)) : gt(failureCount, 0)));
}

/** Counts a delivery that was given up, when the statement before it in the batch changed a row. */
export function countFailureIfChanged(
  { db }: Pick<Context, "db">,
  endpoints: EndpointTable,
  id: string,
  nowMs: number,
) {
  return db
    .update(endpoints)
    .set({ failureCount: sql`failure_count + 1`, updatedAt: bumped(nowMs) })
    .where(and(eq(endpoints.id, id), previousChanged));
}

/** Disables an endpoint that has so many failures in a row, when the statement before it in the batch changed a row. */
export function disableIfChanged({ db }: Pick<Context, "db">, endpoints: EndpointTable, id: string, failures: number) {
  return db
    .update(endpoints)
    .set({ active: false })
    .where(
      and(
        eq(endpoints.id, id),
        eq(endpoints.active, true),
        sql`${endpoints.failureCount} >= ${failures}`,
        previousChanged,
      ),
    );
}

/** Notes until when an endpoint counts as slow. */
export async function markSlow(
  { db }: Pick<Context, "db">,
  { endpoints }: Tables,
  id: string,
  untilMs: number,
): Promise<void> {
  await db
    .update(endpoints)
    .set({ slowUntil: untilMs })
    .where(and(eq(endpoints.id, id), lte(endpoints.slowUntil, untilMs)));
}

/** Some of the active endpoints with deliveries that have been due since before a time: no message leads to them any more. */
export async function endpointsWithOverdue(
  { db }: Pick<Context, "db">,
  { deliveries, endpoints }: Tables,
  beforeMs: number,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .select({ id: endpoints.id })
    .from(endpoints)
    .where(
      and(
        eq(endpoints.active, true),
        sql`EXISTS (SELECT 1 FROM ${deliveries} AS waiting
          WHERE waiting.${sql.identifier(deliveries.endpointId.name)} = ${endpoints.id} AND waiting.due_at <= ${beforeMs})`,
      ),
    )
    .orderBy(sql`random()`)
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** The endpoints of some deliveries that are not finished. */
export async function endpointsWaitingFor(
  { db }: Pick<Context, "db">,
  { deliveries }: Tables,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await db
    .selectDistinct({ id: deliveries.endpointId })
    .from(deliveries)
    .where(and(sql`${deliveries.id} IN ${among(ids)}`, sql`${deliveries.dueAt} IS NOT NULL`));
  return rows.map(({ id }) => id);
}

/** Deletes some of the deliveries that were finished before a time. */
export async function forgetFinished(
  { db }: Pick<Context, "db">,
  { deliveries }: Tables,
  beforeMs: number,
  limit: number,
) {
  const old = db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(and(isNull(deliveries.dueAt), lte(deliveries.updatedAt, beforeMs)))
    .orderBy(asc(deliveries.updatedAt))
    .limit(limit);
  await db.delete(deliveries).where(inArray(deliveries.id, old));
}
