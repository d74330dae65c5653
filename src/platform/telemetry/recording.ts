/** Counts in the memory of the isolate, so counting cannot fail a request. `push.ts` pushes the counts. */
import {
  type CounterName,
  definitionOf,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  type MetricName,
} from "./catalogue.ts";
import { addCount, addObservations, emptyTally, isEmpty, keyOf, setReading, type Tally } from "./tally.ts";

/** The most subjects of gauges between two pushes; readings of further subjects are dropped. */
const maxSubjects = 1_000;

let tally: Tally = emptyTally();

/** Replaces a value outside its label's set, which the types exclude: each such value would add a series. */
const otherValue = "other";

function valuesOf<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): string[] {
  const given: Readonly<Record<string, unknown>> = labels;
  return Object.entries(definitionOf(name).labels).map(([label, set]) => {
    const value = String(given[label]);
    return set === "routes" || set.includes(value) ? value : otherValue;
  });
}

const seriesOf = <Name extends MetricName>(name: Name, labels: LabelsOf<Name>): string =>
  keyOf(name, valuesOf(name, labels));

/** Adds one to a counter. */
export function count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>): void {
  addCount(tally, seriesOf(name, labels), 1);
}

/** Adds one observation to a histogram, in the metric's unit. */
export function observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, value: number): void {
  const bounds = definitionOf(name).buckets ?? [];
  const above = bounds.findIndex((bound) => value <= bound);
  const bucket = above === -1 ? bounds.length : above;
  const counts = Array.from({ length: bounds.length + 1 }, (_, index) => (index === bucket ? 1 : 0));
  addObservations(tally, seriesOf(name, labels), { sum: value, counts });
}

/** Does the work and observes its duration in seconds, whether it succeeds or fails. */
export async function timed<Name extends HistogramName, T>(
  name: Name,
  labels: LabelsOf<Name>,
  work: () => Promise<T>,
): Promise<T> {
  const startedMs = performance.now();
  try {
    return await work();
  } finally {
    observe(name, labels, (performance.now() - startedMs) / 1000);
  }
}

/**
 * Sets a gauge.
 *
 * @param subject the thing that the value belongs to, for a gauge over many, which has no labels; it is never exposed
 */
export function setGauge<Name extends GaugeName>(
  name: Name,
  labels: LabelsOf<Name>,
  value: number,
  subject = "",
): void {
  const values = valuesOf(name, labels);
  const key = keyOf(name, values.length > 0 ? values : [subject]);
  if (tally.gauges.size < maxSubjects || tally.gauges.has(key)) {
    setReading(tally, key, { value, atMs: Date.now() });
  }
}

/** The counts since the last call; null when there are none. */
export function takeCounts(): Tally | null {
  if (isEmpty(tally)) return null;
  const taken = tally;
  tally = emptyTally();
  return taken;
}
