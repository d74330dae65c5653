/** CC7.2: the scheduled run comes every minute, the metrics arrive, and nothing waits for too long. */
import type { Context } from "../../../platform/context.ts";
import { DependencyDown } from "../../../platform/dependency.ts";
import { collectMetrics } from "../../../platform/telemetry/push.ts";
import { minuteMs } from "../../../platform/time.ts";
import { type Check, duration } from "../measuring.ts";
import { mostOverdueDeliveryMs, oldestOutboxAgeMs } from "../store.ts";

/** The cron trigger is there every minute; some may be left out. */
const mostBetweenRunsMs = 5 * minuteMs;
const oldestMetricsMs = 10 * minuteMs;
/** The relay looks every minute, and a ledger that fails is asked again by the next. */
const oldestEventMs = 10 * minuteMs;
const mostOverdueMs = 15 * minuteMs;

/** Milliseconds since the metrics object last heard of an isolate; null when it does not answer, or never did. */
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
  const [eventAge, overdue, metricsAgeMs] = await Promise.all([
    oldestOutboxAgeMs(context),
    mostOverdueDeliveryMs(context),
    metricsAge(context),
  ]);
  const betweenRuns = previous ? context.now() - previous.checkedAt : 0;
  const faults = [
    ...(betweenRuns > mostBetweenRunsMs ? [`no run for ${duration(betweenRuns)}`] : []),
    ...(metricsAgeMs === null ? ["no metrics arrive"] : []),
    ...(metricsAgeMs !== null && metricsAgeMs > oldestMetricsMs ? [`metrics are ${duration(metricsAgeMs)} old`] : []),
    ...(eventAge > oldestEventMs ? [`an event waits for ${duration(eventAge)}`] : []),
    ...(overdue > mostOverdueMs ? [`a delivery is ${duration(overdue)} late`] : []),
  ];
  if (faults.length > 0) return { status: "fail", evidence: `Scheduled run: ${faults.join("; ")}` };
  const waits = eventAge === 0 && overdue === 0 ? "nothing waits" : "nothing waits for long";
  return { status: "pass", evidence: `Scheduled run on time, metrics arrive, ${waits}` };
};
