/**
 * Counting in the isolate: memory only, so it costs a request nothing and cannot fail one. `push.ts` hands on what was
 * counted.
 */
import {
  type CounterName,
  definitionOf,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  type MetricName,
} from "./catalogue.ts";
import { addCount, addObservations, emptyTally, isEmpty, keyOf, setReading, type Tally } from "./tally.ts";

/** A gauge over many subjects may come with this many of them between two pushes; more than that are not told. */
const maxSubjects = 1_000;

let counted: Tally = emptyTally();

/** A value outside its label's set, which the types keep out, would be the beginning of as many series as there are requests. */
const otherValue = "other";

function seriesOf<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): string {
  const given: Readonly<Record<string, unknown>> = labels;
  const sets = Object.entries(definitionOf(name).labels);
  const values = sets.map(([label, set]) => {
    const value = String(given[label]);
    return set === "routes" || set.includes(value) ? value : otherValue;
  });
  return keyOf(name, values);
}

/**
 * Counts one.
 *
 * @example
 * ```ts
 * count("agentidp_tokens_issued_total", { grant: "client_credentials", outcome: "issued" });
 * ```
 */
export function count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>): void {
  addCount(counted, seriesOf(name, labels), 1);
}

/** Notes one observation of a histogram, in the metric's unit. */
export function observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, value: number): void {
  const bounds = definitionOf(name).buckets ?? [];
  const above = bounds.findIndex((bound) => value <= bound);
  const bucket = above === -1 ? bounds.length : above;
  const counts = Array.from({ length: bounds.length + 1 }, (_, index) => (index === bucket ? 1 : 0));
  addObservations(counted, seriesOf(name, labels), { sum: value, counts });
}

/**
 * Does something and notes how many seconds it took, whether it succeeded or not.
 *
 * @example
 * ```ts
 * const rows = await timed("agentidp_analytics_query_duration_seconds", {}, () => findTokensByDay(context.db, range));
 * ```
 */
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
 * @param subject what the value is of, where the metric is about many; it is never shown
 */
export function setGauge(name: GaugeName, value: number, subject = ""): void {
  const key = keyOf(name, [subject]);
  if (counted.gauges.size < maxSubjects || counted.gauges.has(key)) {
    setReading(counted, key, { value, atMs: Date.now() });
  }
}

/** What was counted since the last call; null when that is nothing. */
export function takeCounted(): Tally | null {
  if (isEmpty(counted)) return null;
  const taken = counted;
  counted = emptyTally();
  return taken;
}
