/** When a delivery that failed is attempted again. This needs no table and no queue. */
import type { AttemptOutcome } from "./attempt.ts";

/** The pauses between the attempts of a delivery. */
export interface Schedule {
  /** After each failed attempt, in milliseconds. When the attempt after the last pause fails too, the delivery is given up. */
  readonly pausesMs: readonly number[];
  /** The part by which a pause varies, so that deliveries that failed together are not attempted again together: 0.2 for ± 20 %. */
  readonly jitter: number;
  /** The longest `Retry-After` that is obeyed, in milliseconds. */
  readonly longestRetryAfterMs: number;
}

/** What follows an attempt, by the name that the delivery's status has then. */
export type Next =
  | { readonly status: "delivered" }
  /** Another attempt follows. */
  | { readonly status: "failed"; readonly pauseMs: number }
  /** No attempt follows. */
  | { readonly status: "dead_letter" };

/** 410: the receiver wants no more (Standard Webhooks). */
export const gone = 410;

const secondMs = 1000;

/**
 * Reads `Retry-After` (RFC 9110 10.2.3: seconds, or a date), `longestMs` at most; null when there is none, or none that is valid.
 *
 * @returns milliseconds from now
 */
export function retryAfterMs(header: string | null, nowMs: number, longestMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const waitMs = /^\d+$/.test(text) ? Number(text) * secondMs : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(waitMs, 0), longestMs);
}

/**
 * Decides what follows an attempt. A receiver can make the schedule's pause longer, but not shorter: that would only use up
 * the attempts.
 *
 * @param attemptCount how many attempts the delivery has had, this one included
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
