/** Lengths of time in milliseconds. */

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/**
 * Whether a time is less than so many milliseconds ago. A time ahead of the clock is not: the clock was set back since, and nothing
 * says how long ago it was.
 */
export const isYounger = (thenMs: number, limitMs: number, nowMs: number): boolean =>
  nowMs >= thenMs && nowMs - thenMs < limitMs;

/** Ends after so many milliseconds. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A time in milliseconds since the epoch as the wire has it: ISO 8601, UTC. */
export const isoOf = (ms: number): string => new Date(ms).toISOString();
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : isoOf(ms));

/** The UTC day of a time in milliseconds since the epoch, `2026-11-22`. */
export const dayOf = (ms: number): string => isoOf(ms).slice(0, "2026-11-22".length);

/** What {@link within} returns when the time is over. */
export const late: unique symbol = Symbol("late");

/** The result of the work, or {@link late} after so many milliseconds. Rejects when the work rejects in time. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | typeof late> {
  const { promise, resolve } = Promise.withResolvers<typeof late>();
  const timer = setTimeout(resolve, ms, late);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
