/** The input and the result of a check. */
import type { Context } from "../../platform/context.ts";
import type { Run } from "../../platform/scheduled.ts";
import type { ControlStatus } from "./catalogue.ts";

/** The previous measurement. */
export interface Previous {
  /** Milliseconds since the epoch. */
  readonly checkedAt: number;
  readonly progress: unknown;
}

export interface CheckResult {
  readonly status: ControlStatus;
  /** Public: short, without ids and secrets. */
  readonly evidence: string;
  /** For the next run; JSON. */
  readonly progress?: unknown;
  /** The public `lastChecked` in milliseconds since the epoch, where it is not the time of the measurement. */
  readonly lastCheckedAt?: number | null;
}

/** Measures one control. Throws when it cannot be measured now; the previous result then stays valid until it is too old. */
export type Check = (context: Context, run: Run & { readonly previous: Previous | null }) => Promise<CheckResult>;

/** A duration in the largest unit that fits: `45 s`, `12 min`, `3 h`, `8 days`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
