/** Queries over the roll-ups of activity, which the ledger writes, and over records that need no roll-up. Days are UTC days. */
import { and, asc, between, count, desc, eq, gt, gte, isNull, ne, or, sql, sum } from "drizzle-orm";
import { type SQLiteTable, unionAll } from "drizzle-orm/sqlite-core";
import type { Context } from "../../platform/context.ts";
import {
  agents,
  auditEvents,
  callsByHour,
  callsByRoute,
  credentials,
  tokensByAgent,
  tokensByHour,
} from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import type { DaySpan } from "./calendar.ts";

/** A count for one day; a day without any has no row. */
export interface DayCount {
  readonly day: string;
  readonly count: number;
}

/** The rows of an organization in a range of days. */
const within = (
  table: typeof tokensByHour | typeof callsByHour | typeof tokensByAgent | typeof callsByRoute,
  organizationId: OrganizationId,
  { first, last }: DaySpan,
) => and(eq(table.organizationId, organizationId), between(table.day, first, last));

/** Tokens issued on each day. */
export function countTokensByDay({ db }: Pick<Context, "db">, organizationId: OrganizationId, span: DaySpan) {
  return db
    .select({ day: tokensByHour.day, count: sum(tokensByHour.count).mapWith(Number) })
    .from(tokensByHour)
    .where(within(tokensByHour, organizationId, span))
    .groupBy(tokensByHour.day);
}

/** Requests in each hour of the week: tokens issued and calls accepted. */
export function countRequestsByHourOfWeek({ db }: Pick<Context, "db">, organizationId: OrganizationId, span: DaySpan) {
  const of = (table: typeof tokensByHour | typeof callsByHour) =>
    db
      .select({ day: table.day, hour: table.hour, count: table.count })
      .from(table)
      .where(within(table, organizationId, span));
  const requests = unionAll(of(tokensByHour), of(callsByHour)).as("requests");
  const dow = sql<number>`CAST(strftime('%w', ${requests.day}) AS INTEGER)`;
  return db
    .select({ dow, hour: requests.hour, count: sum(requests.count).mapWith(Number) })
    .from(requests)
    .groupBy(dow, requests.hour)
    .orderBy(dow, asc(requests.hour));
}

/** Tokens issued to each agent, most first. */
export function countTokensByAgent({ db }: Pick<Context, "db">, organizationId: OrganizationId, span: DaySpan) {
  const tokenCount = sum(tokensByAgent.count).mapWith(Number);
  return db
    .select({ agentId: tokensByAgent.agentId, tokenCount })
    .from(tokensByAgent)
    .where(within(tokensByAgent, organizationId, span))
    .groupBy(tokensByAgent.agentId)
    .orderBy(desc(tokenCount), asc(tokensByAgent.agentId));
}

/** Answered calls by route and status class. */
export function countCallsByRoute({ db }: Pick<Context, "db">, organizationId: OrganizationId, span: DaySpan) {
  const { route, statusClass } = callsByRoute;
  return db
    .select({ route, statusClass, count: sum(callsByRoute.count).mapWith(Number) })
    .from(callsByRoute)
    .where(within(callsByRoute, organizationId, span))
    .groupBy(route, statusClass)
    .orderBy(asc(route), asc(statusClass));
}

/** Credentials rotated on each day, from `fromMs` on (milliseconds since the epoch). */
export function countRotationsByDay({ db }: Pick<Context, "db">, organizationId: OrganizationId, fromMs: number) {
  const { action, timestamp } = auditEvents;
  const ofOrganization = eq(auditEvents.organizationId, organizationId);
  const day = sql<string>`date(${timestamp} / 1000, 'unixepoch')`;
  return db
    .select({ day, count: count() })
    .from(auditEvents)
    .where(and(ofOrganization, eq(action, "credential.rotated"), gte(timestamp, fromMs)))
    .groupBy(day);
}

/** Active credentials by the age of their secret in whole days. */
export function countActiveCredentialsByAge(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  nowMs: number,
) {
  const madeAt = sql`coalesce(${credentials.rotatedAt}, ${credentials.createdAt})`;
  const ageDays = sql<number>`CAST(max(0, ${nowMs} - ${madeAt}) / 86400000 AS INTEGER)`;
  return db
    .select({ ageDays, count: count() })
    .from(agents)
    .innerJoin(credentials, eq(credentials.agentId, agents.id))
    .where(
      and(
        eq(agents.organizationId, organizationId),
        ne(agents.status, "decommissioned"),
        isNull(credentials.revokedAt),
        or(isNull(credentials.expiresAt), gt(credentials.expiresAt, nowMs)),
      ),
    )
    .groupBy(ageDays);
}

/** Rows of each roll-up that one run deletes at most. */
const maxDeleted = 2000;

/** Deletes counts of days before the given one, of all organizations, at most 2,000 of each roll-up. */
export async function deleteActivityBefore({ db }: Pick<Context, "db">, day: string): Promise<void> {
  const outdatedOf = (table: SQLiteTable) =>
    sql`rowid IN (SELECT rowid FROM ${table} WHERE day < ${day} LIMIT ${maxDeleted})`;
  await db.batch([
    db.delete(tokensByHour).where(outdatedOf(tokensByHour)),
    db.delete(callsByHour).where(outdatedOf(callsByHour)),
    db.delete(tokensByAgent).where(outdatedOf(tokensByAgent)),
    db.delete(callsByRoute).where(outdatedOf(callsByRoute)),
  ]);
}
