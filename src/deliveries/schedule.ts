/** When a delivery that failed is attempted again. */
import type { AttemptOutcome } from "./attempt.ts";

export interface Schedule {
  /** The pause after each failed attempt, in milliseconds. If the attempt after the last pause fails, the delivery is given up. */
  readonly pausesMs: readonly number[];
  /** 0.2 varies each pause by ± 20 %, so that deliveries that failed together are not attempted again together. */
  readonly jitter: number;
  /** The longest `Retry-After` that is obeyed, in milliseconds. */
  readonly longestRetryAfterMs: number;
}

/** The status of a delivery after an attempt. */
export type Next =
  | { readonly status: "delivered" }
  /** Another attempt follows. */
  | { readonly status: "failed"; readonly pauseMs: number }
  /** No attempt follows. */
  | { readonly status: "dead_letter" };

/** 410: the receiver wants no more messages (Standard Webhooks). */
export const gone = 410;

const secondMs = 1000;

/**
 * Reads `Retry-After` (RFC 9110 10.2.3: seconds, or a date).
 *
 * @returns milliseconds from now, at most `longestMs`; null when the header is missing or invalid
 */
export function retryAfterMs(header: string | null, nowMs: number, longestMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const waitMs = /^\d+$/.test(text) ? Number(text) * secondMs : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), longestMs);
}

/**
 * Decides what follows an attempt. `Retry-After` can make a pause longer, but not shorter: that would use up the attempts.
 *
 * @param attemptCount the attempts of the delivery, with this one
 * @param random from 0 to 1
 */
export function nextAfter(
  { pausesMs, jitter, longestRetryAfterMs }: Schedule,
  { ok, httpStatusCode, retryAfter }: Pick<AttemptOutcome, "ok" | "httpStatusCode" | "retryAfter">,
  attemptCount: number,
  nowMs: number,
  random: number,
): Next {
  if (ok) return { status: "delivered" };
  const pauseMs = pausesMs[attemptCount - 1];
  if (pauseMs === undefined || httpStatusCode === gone) return { status: "dead_letter" };
  const varied = Math.round(pauseMs * (1 - jitter + 2 * jitter * random));
  return { status: "failed", pauseMs: Math.max(varied, retryAfterMs(retryAfter, nowMs, longestRetryAfterMs) ?? 0) };
}
