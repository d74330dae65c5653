/** UTC calendar days, `2026-11-22`. */
import { dayMs, dayOf } from "../../platform/time.ts";

/** A range of days, both ends included. */
export interface DaySpan {
  readonly first: string;
  readonly last: string;
}

/**
 * So many days, oldest first; the last is today.
 *
 * @example
 * ```ts
 * lastDays(Date.UTC(2028, 2, 1), 2); // ["2028-02-29", "2028-03-01"]
 * ```
 */
export function lastDays(nowMs: number, days: number): string[] {
  return Array.from({ length: days }, (_, index) => dayOf(nowMs - (days - 1 - index) * dayMs));
}

/** So many days as a range; the last is today. */
export function spanOfLastDays(nowMs: number, days: number): DaySpan {
  return { first: dayOf(nowMs - (days - 1) * dayMs), last: dayOf(nowMs) };
}

/** The present month, `2026-11`, and its days up to today. */
export function monthSoFar(nowMs: number): DaySpan & { readonly month: string } {
  const last = dayOf(nowMs);
  const month = last.slice(0, "2026-11".length);
  return { month, first: `${month}-01`, last };
}
