/**
 * Slow endpoints: one that takes long delays no other. An attempt is waited for for two seconds; then it comes to its own end
 * alone. The endpoint counts as slow from then on, until it succeeds in time or a minute has passed. The attempts of a slow
 * endpoint are not waited for at all, and it gets five requests at once. This needs no table and no queue.
 */
import type { Context } from "../platform/context.ts";
import { type LogContext, log } from "../platform/log.ts";
import { minuteMs } from "../platform/time.ts";
import type { Endpoint } from "./attempt.ts";

/** How many requests at once a slow endpoint gets. */
export const slowWidth = 5;

/** How long an attempt is waited for. */
const patienceMs = 2_000;
/** How long after its last long attempt an endpoint counts as slow. */
const slowForMs = minuteMs;

/** Does the endpoint count as slow at present? */
export const isSlow = ({ slowUntil }: Pick<Endpoint, "slowUntil">, nowMs: number): boolean => slowUntil > nowMs;

/** Settles when the work has ended, well or badly, or after the time, whichever is first. Answers whether it was the work. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  const ended = () => true;
  try {
    return await Promise.race([work.then(ended, ended), promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits until an attempt has ended, but for two seconds at most. Never rejects.
 *
 * @param ended the attempt under way
 * @param markSlow keeps until when the endpoint counts as slow, in milliseconds since the epoch
 * @returns whether it ended in time; if not, the endpoint has been marked
 */
export async function endsInTime(
  context: Pick<Context, "now"> & LogContext,
  ended: Promise<unknown>,
  markSlow: (untilMs: number) => Promise<void>,
): Promise<boolean> {
  if (await within(patienceMs, ended)) return true;
  await markSlow(context.now() + slowForMs).catch((error: unknown) => {
    log.warn(context, "slow endpoint not marked", { error });
  });
  return false;
}
