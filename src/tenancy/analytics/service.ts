/** Analytics: the use of the service by an organization. The ledger writes the roll-ups, and this room reads them. */
import type { Caller } from "../../access/caller.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import { ok } from "../../platform/problems/result.ts";
import type { ScheduledPart } from "../../platform/scheduled.ts";
import { relayAndFlush } from "../audit/service.ts";
import { lastDays, monthSoFar, spanOfLastDays } from "./calendar.ts";
import { type DaysQuery, keptDays } from "./schema.ts";
import {
  countActiveCredentialsByAge,
  countCallsByRoute,
  countRequestsByHourOfWeek,
  countRotationsByDay,
  countTokensByAgent,
  countTokensByDay,
  type DayCount,
  deleteActivityBefore,
} from "./store.ts";

/** The range of the counts by hour of the week. */
const activityDays = 30;

/** The age groups of credentials, both ends included. */
const ageGroups = [
  { minDays: 0, maxDays: 30 },
  { minDays: 31, maxDays: 60 },
  { minDays: 61, maxDays: 90 },
  { minDays: 91, maxDays: null },
];

/** One count for each day, zeros included. */
function daily(nowMs: number, days: number, counts: readonly DayCount[]) {
  const byDay = new Map(counts.map(({ day, count }) => [day, count]));
  return lastDays(nowMs, days).map((date) => ({ date, count: byDay.get(date) ?? 0 }));
}

/** Tokens issued on each of the last days. */
export async function tokenAnalytics(context: Context, { organizationId }: Caller, { days }: DaysQuery) {
  const nowMs = context.now();
  await ledgerOf(context, organizationId).flush();
  const counts = await countTokensByDay(context, organizationId, spanOfLastDays(nowMs, days));
  return ok({ tenantId: organizationId, days, data: daily(nowMs, days, counts) });
}

/** Requests, tokens and calls together, by day of the week and hour, in the last 30 days. */
export async function agentActivity(context: Context, { organizationId }: Caller) {
  const span = spanOfLastDays(context.now(), activityDays);
  await ledgerOf(context, organizationId).flush();
  return ok({ tenantId: organizationId, data: await countRequestsByHourOfWeek(context, organizationId, span) });
}

/** Tokens by agent in the present month. A delegated token counts for the delegatee, to which it was issued. */
export async function agentAnalytics(context: Context, { organizationId }: Caller) {
  const { month, ...span } = monthSoFar(context.now());
  await ledgerOf(context, organizationId).flush();
  return ok({ tenantId: organizationId, month, data: await countTokensByAgent(context, organizationId, span) });
}

/** Rotations on each of the last days, from the audit log, and the active credentials by age. */
export async function rotationAnalytics(context: Context, { organizationId }: Caller, { days }: DaysQuery) {
  const nowMs = context.now();
  await relayAndFlush(context, organizationId);
  const [rotations, ages] = await Promise.all([
    countRotationsByDay(context, organizationId, Date.parse(spanOfLastDays(nowMs, days).first)),
    countActiveCredentialsByAge(context, organizationId, nowMs),
  ]);
  return ok({
    tenantId: organizationId,
    days,
    data: daily(nowMs, days, rotations),
    credentialsByAge: ageGroups.map(({ minDays, maxDays }) => {
      const within = ages.filter(({ ageDays }) => ageDays >= minDays && ageDays <= (maxDays ?? ageDays));
      return { minDays, maxDays, count: within.reduce((total, { count }) => total + count, 0) };
    }),
  });
}

/** Answered calls by route and status class, in the last days. */
export async function callAnalytics(context: Context, { organizationId }: Caller, { days }: DaysQuery) {
  const span = spanOfLastDays(context.now(), days);
  await ledgerOf(context, organizationId).flush();
  return ok({ tenantId: organizationId, days, data: await countCallsByRoute(context, organizationId, span) });
}

/** Deletes the counts that are older than any query can reach. */
export const deleteOldActivity: ScheduledPart = {
  name: "activity",
  queries: 5,
  async run(context) {
    await deleteActivityBefore(context, spanOfLastDays(context.now(), keptDays).first);
    return 0;
  },
};
