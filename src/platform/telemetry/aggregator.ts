/** The RPC contract of the object that adds up the counts of all isolates. */
import type { Bindings } from "../env.ts";
import type { Tally } from "./tally.ts";

/** The counts of an isolate between two pushes. */
export interface Batch {
  /** From 1, in one isolate. A repeated batch counts once. */
  readonly sequence: number;
  readonly tally: Tally;
}

/** The batches of an isolate that are not acknowledged, oldest first. */
export interface Push {
  /** A unique name. */
  readonly isolate: string;
  readonly batches: readonly Batch[];
}

/** The counts since the service was first deployed. */
export interface Totals {
  readonly tally: Tally;
  /** Milliseconds since the epoch; null before the first push. */
  readonly lastPushMs: number | null;
}

/** Its methods reject with `DependencyDown` when the object does not answer. */
export interface MetricsAggregator {
  /** Adds the counts of an isolate, durably. */
  add(push: Push): Promise<void>;
  /** The same, and returns the totals. */
  collect(push: Push): Promise<Totals>;
}

export function metricsAggregator(env: Pick<Bindings, "METRICS">): MetricsAggregator {
  return env.METRICS.get(env.METRICS.idFromName("metrics")) as unknown as MetricsAggregator;
}
