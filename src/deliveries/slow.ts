/**
 * Slow endpoints must not delay others. A batch waits for an attempt for two seconds; then the attempt ends on its own, and its
 * endpoint counts as slow until it succeeds in time or a minute has passed. A slow endpoint gets five concurrent requests, and
 * a batch does not wait for them.
 */
import type { Context } from "../platform/context.ts";
import { type LogContext, log } from "../platform/log.ts";
import { late, minuteMs, within } from "../platform/time.ts";
import type { Endpoint } from "./attempt.ts";

/** How many concurrent requests a slow endpoint gets. */
export const slowWidth = 5;

/** How long a batch waits for an attempt. */
const patienceMs = 2_000;
/** How long an endpoint counts as slow after its last long attempt. */
const slowForMs = minuteMs;

export const isSlow = ({ slowUntil }: Pick<Endpoint, "slowUntil">, nowMs: number): boolean => slowUntil > nowMs;

/**
 * Waits until an attempt has ended, for at most two seconds. Never rejects.
 *
 * @param ended the attempt under way
 * @param markSlow stores until when the endpoint counts as slow, in milliseconds since the epoch
 * @returns whether it ended in time; if not, the endpoint has been marked
 */
export async function endsInTime(
  context: Pick<Context, "now"> & LogContext,
  ended: Promise<unknown>,
  markSlow: (untilMs: number) => Promise<void>,
): Promise<boolean> {
  if ((await within(patienceMs, ended).catch(() => null)) !== late) return true;
  await markSlow(context.now() + slowForMs).catch((error: unknown) => {
    log.warn(context, "slow endpoint not marked", { error });
  });
  return false;
}
