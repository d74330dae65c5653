/** The age of the oldest audit event that a ledger could not move to D1, over all ledgers: for health and the public controls. */
import type { Context } from "../context.ts";
import { DependencyDown } from "../dependency.ts";
import { minuteMs } from "../time.ts";
import { gaugeValue } from "./exposition.ts";
import { collectMetrics } from "./push.ts";

/** A ledger moves an event within seconds, and retries every ten. After this time something is wrong. */
export const longestPendingMs = 10 * minuteMs;

/** In milliseconds; 0 when no event waits for over a minute, null when the metrics object does not answer. */
export async function oldestPendingMs(context: Pick<Context, "env" | "requestId" | "now">): Promise<number | null> {
  try {
    const { tally } = await collectMetrics(context);
    return gaugeValue("agentidp_ledger_oldest_pending_event_seconds", tally, context.now()) * 1000;
  } catch (error) {
    if (error instanceof DependencyDown) return null;
    throw error;
  }
}
