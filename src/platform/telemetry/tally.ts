/** Counts: what an isolate has seen since its last push, and what the metrics aggregator has seen in all. They are added to one another. */

/** A histogram's observations. `counts[i]` are those above bound `i - 1` and up to bound `i`; the last are above every bound. */
export interface Observations {
  readonly sum: number;
  readonly counts: readonly number[];
}

/** What a gauge was set to, and when: the latest stands. */
export interface Reading {
  readonly value: number;
  readonly atMs: number;
}

/** Counts by the key of their series, see {@link keyOf}. */
export interface Tally {
  readonly counters: Map<string, number>;
  readonly histograms: Map<string, Observations>;
  readonly gauges: Map<string, Reading>;
}

export const emptyTally = (): Tally => ({ counters: new Map(), histograms: new Map(), gauges: new Map() });

export const isEmpty = ({ counters, histograms, gauges }: Tally): boolean =>
  counters.size + histograms.size + gauges.size === 0;

/** The key of a series: its metric, and the values of its labels in their order. */
export const keyOf = (name: string, values: readonly string[]): string => JSON.stringify([name, ...values]);

/** The metric and the label values behind a key. */
export function partsOf(key: string): readonly [name: string, ...values: string[]] {
  return JSON.parse(key);
}

export function addCount({ counters }: Tally, key: string, count: number): void {
  counters.set(key, (counters.get(key) ?? 0) + count);
}

/** Adds observations. Where the buckets have changed since, the series begins anew, which readers of counters expect. */
export function addObservations({ histograms }: Tally, key: string, added: Observations): void {
  const known = histograms.get(key);
  if (known?.counts.length !== added.counts.length) {
    histograms.set(key, added);
    return;
  }
  const counts = known.counts.map((count, bucket) => count + (added.counts[bucket] ?? 0));
  histograms.set(key, { sum: known.sum + added.sum, counts });
}

export function setReading({ gauges }: Tally, key: string, reading: Reading): void {
  const known = gauges.get(key);
  if (known === undefined || known.atMs <= reading.atMs) gauges.set(key, reading);
}

/** Adds everything of one tally to another. */
export function addTally(to: Tally, from: Tally): void {
  for (const [key, count] of from.counters) addCount(to, key, count);
  for (const [key, added] of from.histograms) addObservations(to, key, added);
  for (const [key, reading] of from.gauges) setReading(to, key, reading);
}
