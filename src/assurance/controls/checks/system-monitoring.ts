/** CC7.2: the Cron Trigger runs every minute, metrics arrive, and no event or delivery waits too long. */
import type { Context } from "../../../platform/context.ts";
import { DependencyDown } from "../../../platform/dependency.ts";
import { longestPendingMs, oldestPendingMs } from "../../../platform/telemetry/pending-events.ts";
import { collectMetrics } from "../../../platform/telemetry/push.ts";
import { minuteMs } from "../../../platform/time.ts";
import { type Check, duration } from "../measuring.ts";
import { mostOverdueDeliveryMs, oldestOutboxAgeMs } from "../store.ts";

/** The Cron Trigger is due every minute; the platform can skip some. */
const mostBetweenRunsMs = 5 * minuteMs;
const oldestMetricsMs = 10 * minuteMs;
/** The relay runs every minute and retries a ledger that fails. */
const oldestEventMs = 10 * minuteMs;
const mostOverdueMs = 15 * minuteMs;

/** Milliseconds since the last push of an isolate's metrics; null without one, or when the object does not answer. */
async function metricsAge(context: Context): Promise<number | null> {
  try {
    const { lastPushMs } = await collectMetrics(context);
    return lastPushMs === null ? null : context.now() - lastPushMs;
  } catch (error) {
    if (error instanceof DependencyDown) return null;
    throw error;
  }
}

export const systemMonitoring: Check = async (context, { previous }) => {
  const [eventAge, overdue, metricsAgeMs, pendingMs] = await Promise.all([
    oldestOutboxAgeMs(context),
    mostOverdueDeliveryMs(context),
    metricsAge(context),
    oldestPendingMs(context).then((ms) => ms ?? 0),
  ]);
  const betweenRuns = previous ? context.now() - previous.checkedAt : 0;
  const faults = [
    ...(betweenRuns > mostBetweenRunsMs ? [`no run for ${duration(betweenRuns)}`] : []),
    ...(metricsAgeMs === null ? ["no metrics arrive"] : []),
    ...(metricsAgeMs !== null && metricsAgeMs > oldestMetricsMs ? [`metrics are ${duration(metricsAgeMs)} old`] : []),
    ...(eventAge > oldestEventMs ? [`an event waits for ${duration(eventAge)}`] : []),
    ...(pendingMs > longestPendingMs ? [`an audit event waits for ${duration(pendingMs)} in its ledger`] : []),
    ...(overdue > mostOverdueMs ? [`a delivery is ${duration(overdue)} late`] : []),
  ];
  if (faults.length > 0) return { status: "fail", evidence: `Scheduled run: ${faults.join("; ")}` };
  const waits = eventAge === 0 && overdue === 0 && pendingMs === 0 ? "nothing waits" : "nothing waits for long";
  return { status: "pass", evidence: `Scheduled run on time, metrics arrive, ${waits}` };
};
