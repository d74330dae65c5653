/** Tallies: the counts of an isolate since its last push, or of all isolates. They can be added to one another. */

/** A histogram's observations. `counts[i]` are above bound `i - 1` and at most bound `i`; the last are above every bound. */
export interface Observations {
  readonly sum: number;
  readonly counts: readonly number[];
}

/** The value of a gauge, and when it was set: the latest counts. */
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

/** The key of a series: its metric and its label values, in their order. */
export const keyOf = (name: string, values: readonly string[]): string => JSON.stringify([name, ...values]);

/** The metric and the label values of a key. */
export function partsOf(key: string): readonly [name: string, ...values: string[]] {
  return JSON.parse(key);
}

export function addCount({ counters }: Tally, key: string, count: number): void {
  counters.set(key, (counters.get(key) ?? 0) + count);
}

/** Adds observations. When the buckets have changed, the series restarts, as counters may. */
export function addObservations({ histograms }: Tally, key: string, added: Observations): void {
  const present = histograms.get(key);
  if (present?.counts.length !== added.counts.length) {
    histograms.set(key, added);
    return;
  }
  const counts = present.counts.map((count, bucket) => count + (added.counts[bucket] ?? 0));
  histograms.set(key, { sum: present.sum + added.sum, counts });
}

export function setReading({ gauges }: Tally, key: string, reading: Reading): void {
  const present = gauges.get(key);
  if (present === undefined || present.atMs <= reading.atMs) gauges.set(key, reading);
}

export function addTally(to: Tally, from: Tally): void {
  for (const [key, count] of from.counters) addCount(to, key, count);
  for (const [key, added] of from.histograms) addObservations(to, key, added);
  for (const [key, reading] of from.gauges) setReading(to, key, reading);
}
