/** Questions to the roll-ups of activity, which the ledger writes, and to the records that need no roll-up. Days are UTC days. */
import { and, asc, between, count, desc, eq, gt, gte, isNull, or, sql, sum } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Context } from "../../platform/context.ts";
import {
  agents,
  auditEvents,
  callsByRoute,
  credentials,
  tokensByAgent,
  tokensByHour,
} from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import type { DaySpan } from "./calendar.ts";

/** The number of something on one day; days with none are left out. */
export interface DayCount {
  readonly day: string;
  readonly count: number;
}

/** How many tokens were issued on each of the days? */
export function countTokensByDay(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  { first, last }: DaySpan,
): Promise<DayCount[]> {
  return db
    .select({ day: tokensByHour.day, count: sum(tokensByHour.count).mapWith(Number) })
    .from(tokensByHour)
    .where(and(eq(tokensByHour.organizationId, organizationId), between(tokensByHour.day, first, last)))
    .groupBy(tokensByHour.day);
}

/** How many tokens were issued in each hour of the week within the days? */
export function countTokensByHourOfWeek(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  { first, last }: DaySpan,
) {
  const dow = sql<number>`CAST(strftime('%w', ${tokensByHour.day}) AS INTEGER)`;
  return db
    .select({ dow, hour: tokensByHour.hour, count: sum(tokensByHour.count).mapWith(Number) })
    .from(tokensByHour)
    .where(and(eq(tokensByHour.organizationId, organizationId), between(tokensByHour.day, first, last)))
    .groupBy(dow, tokensByHour.hour)
    .orderBy(dow, asc(tokensByHour.hour));
}

/** How many tokens did each agent get within the days? Most first. */
export function countTokensByAgent(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  { first, last }: DaySpan,
) {
  const tokenCount = sum(tokensByAgent.count).mapWith(Number);
  return db
    .select({ agentId: tokensByAgent.agentId, tokenCount })
    .from(tokensByAgent)
    .where(and(eq(tokensByAgent.organizationId, organizationId), between(tokensByAgent.day, first, last)))
    .groupBy(tokensByAgent.agentId)
    .orderBy(desc(tokenCount), asc(tokensByAgent.agentId));
}

/** How many calls did each route answer with which class of status within the days? */
export function countCallsByRoute(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  { first, last }: DaySpan,
) {
  return db
    .select({
      route: callsByRoute.route,
      statusClass: callsByRoute.statusClass,
      count: sum(callsByRoute.count).mapWith(Number),
    })
    .from(callsByRoute)
    .where(and(eq(callsByRoute.organizationId, organizationId), between(callsByRoute.day, first, last)))
    .groupBy(callsByRoute.route, callsByRoute.statusClass)
    .orderBy(asc(callsByRoute.route), asc(callsByRoute.statusClass));
}

/** How many credentials were rotated on each day, from a time on (milliseconds since the epoch)? */
export function countRotationsByDay(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  fromMs: number,
): Promise<DayCount[]> {
  const day = sql<string>`date(${auditEvents.timestamp} / 1000, 'unixepoch')`;
  return db
    .select({ day, count: count() })
    .from(auditEvents)
    .where(
      and(
        eq(auditEvents.organizationId, organizationId),
        eq(auditEvents.action, "credential.rotated"),
        gte(auditEvents.timestamp, fromMs),
      ),
    )
    .groupBy(day);
}

/** How old are the secrets of the active credentials, in whole days? */
export function countActiveCredentialsByAge(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  nowMs: number,
): Promise<{ readonly ageDays: number; readonly count: number }[]> {
  const madeAt = sql`coalesce(${credentials.rotatedAt}, ${credentials.createdAt})`;
  const ageDays = sql<number>`CAST(max(0, ${nowMs} - ${madeAt}) / 86400000 AS INTEGER)`;
  return db
    .select({ ageDays, count: count() })
    .from(agents)
    .innerJoin(credentials, eq(credentials.agentId, agents.id))
    .where(
      and(
        eq(agents.organizationId, organizationId),
        isNull(credentials.revokedAt),
        or(isNull(credentials.expiresAt), gt(credentials.expiresAt, nowMs)),
      ),
    )
    .groupBy(ageDays);
}

/** Rows of each roll-up that are deleted at once. */
const deletedAtOnce = 2000;

/** Deletes counts of days before the given one, of all organizations, a bounded number of them. */
export async function deleteActivityBefore({ db }: Pick<Context, "db">, day: string): Promise<void> {
  const outdatedOf = (table: SQLiteTable) =>
    sql`rowid IN (SELECT rowid FROM ${table} WHERE day < ${day} LIMIT ${deletedAtOnce})`;
  await db.batch([
    db.delete(tokensByHour).where(outdatedOf(tokensByHour)),
    db.delete(tokensByAgent).where(outdatedOf(tokensByAgent)),
    db.delete(callsByRoute).where(outdatedOf(callsByRoute)),
  ]);
}
