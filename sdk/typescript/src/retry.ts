/** Which failed requests are sent again, and when. */

export type RetryClass = "read" | "idempotent" | "keyed" | "never";

/** How an attempt failed. `connect`: nothing was received. `broken`: it may have been. */
export type Failure = number | "connect" | "broken" | "timeout";

/** Statuses after which the service may or may not have done it. */
const uncertain: readonly Failure[] = ["broken", "timeout", 502, 503, 504];

/** Whether the request may have been done, although no answer says so. */
export const isUncertain = (failure: Failure): boolean => uncertain.includes(failure);

/** 429 and a failed connection repeat everything, because nothing was done. 500 repeats nothing. */
export const mayRepeat = (retry: RetryClass, failure: Failure): boolean =>
  failure === 429 || failure === "connect" || (retry !== "never" && isUncertain(failure));

/** A longer wait is the caller's decision. */
export const longestWaitSeconds = 60;

/** Full jitter: anything up to 0.5 s, doubled with each attempt, at most 8 s. `attempt` is from 1. */
export const backoffMs = (attempt: number, random: number): number => random * Math.min(8000, 500 * 2 ** (attempt - 1));

/**
 * `Retry-After` in seconds: a number or a date (RFC 9110 10.2.3); undefined without a valid one. A date counts from the `Date` of
 * the same answer, because the machine's clock can be wrong.
 */
export function retryAfterSeconds(headers: Headers, nowMs: number): number | undefined {
  const header = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+$/.test(header)) return Number(header);
  // `Date.parse` reads numbers as dates, too.
  const dateMs = /^[a-z]{3}.*:/i.test(header) ? Date.parse(header) : Number.NaN;
  const sentMs = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(dateMs)
    ? undefined
    : Math.max(0, Math.ceil((dateMs - (Number.isNaN(sentMs) ? nowMs : sentMs)) / 1000));
}
