/** When a delivery that failed is tried again. */

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** The pause after each failed attempt. After the attempt that follows the last of them, the delivery is given up. */
const pausesMs = [
  10 * secondMs,
  30 * secondMs,
  2 * minuteMs,
  10 * minuteMs,
  30 * minuteMs,
  hourMs,
  2 * hourMs,
  4 * hourMs,
  8 * hourMs,
] as const;

/** How often a delivery is tried at most. */
export const maxAttempts = pausesMs.length + 1;

/** Deliveries that failed together are not tried again together. */
const jitter = 0.2;

const longestRetryAfterMs = 8 * hourMs;

/**
 * The wish of a receiver (RFC 9110 10.2.3: seconds, or a date), at most 8 hours; null when it has none that can be read.
 *
 * @returns milliseconds from now
 */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const waitMs = /^\d+$/.test(text) ? Number(text) * secondMs : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), longestRetryAfterMs);
}

/**
 * How long to wait after a failed attempt. A receiver can ask for a longer time than the schedule has, but not for a shorter
 * one: that would only use up its attempts.
 *
 * @param failed how many attempts have failed, this one included
 * @param random from 0 to 1
 * @returns milliseconds; null when that was the last attempt
 */
export function pauseAfter(failed: number, askedMs: number | null, random: number): number | null {
  const pauseMs = pausesMs[failed - 1];
  if (pauseMs === undefined) return null;
  const varied = Math.round(pauseMs * (1 - jitter + 2 * jitter * random));
  return Math.max(varied, askedMs ?? 0);
}
