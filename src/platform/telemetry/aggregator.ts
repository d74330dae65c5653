/** The way from an isolate to the object that adds up what all of them count. */
import type { Bindings } from "../env.ts";
import type { Tally } from "./tally.ts";

/** What an isolate counted between two pushes. */
export interface Batch {
  /** From 1, in one isolate. A batch that comes again counts once. */
  readonly sequence: number;
  readonly tally: Tally;
}

/** Everything that an isolate has counted and that the metrics aggregator has not acknowledged, oldest first. */
export interface Push {
  /** A name that no other isolate has. */
  readonly isolate: string;
  readonly batches: readonly Batch[];
}

/** Everything that was counted since the service was first deployed. */
export interface Totals {
  readonly tally: Tally;
  /** Milliseconds since the epoch; null before the first push. */
  readonly lastPushMs: number | null;
}

/** The RPC surface of the metrics object. */
export interface MetricsAggregator {
  /** Adds what an isolate has counted, durably; a batch that comes twice counts once. */
  add(push: Push): Promise<void>;
  /** The same, and answers with the totals. */
  collect(push: Push): Promise<Totals>;
}

/**
 * The metrics object; there is one.
 *
 * @throws {DependencyDown} when it does not answer
 */
export function metricsAggregator(env: Pick<Bindings, "METRICS">): MetricsAggregator {
  return env.METRICS.get(env.METRICS.idFromName("metrics")) as unknown as MetricsAggregator;
}
