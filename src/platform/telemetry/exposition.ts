/** The metrics as text: the Prometheus format 0.0.4, and OpenMetrics 1.0. */
import type { Totals } from "./aggregator.ts";
import { definitionOf, type GaugeName, isMetric, type MetricName, metrics } from "./catalogue.ts";
import { addCount, addObservations, emptyTally, keyOf, type Observations, partsOf, type Tally } from "./tally.ts";

export const formats = {
  prometheus: { mediaType: "text/plain", contentType: "text/plain; version=0.0.4; charset=utf-8" },
  openMetrics: {
    mediaType: "application/openmetrics-text",
    contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  },
} as const;

export type Format = keyof typeof formats;

const escaped = (text: string) => text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");

/** `{route="/health",le="0.5"}`; empty without labels. */
function labelText(pairs: readonly (readonly [label: string, value: string])[]): string {
  return pairs.length === 0 ? "" : `{${pairs.map(([label, value]) => `${label}="${escaped(value)}"`).join(",")}}`;
}

const namesOf = (name: MetricName) => Object.keys(definitionOf(name).labels);

const pairsOf = (name: MetricName, values: readonly string[]) =>
  namesOf(name).map((label, index) => [label, values[index] ?? ""] as const);

/** Every combination of label values; none when a set is not a list. */
function combinations(name: MetricName): string[][] {
  return Object.values(definitionOf(name).labels).reduce<string[][]>(
    (sofar, set) => (set === "routes" ? [] : sofar.flatMap((values) => set.map((value) => [...values, value]))),
    [[]],
  );
}

/** Adds the series without counts as 0, so that a first count is visible as an increase. */
function withZeros(tally: Tally): Tally {
  const all: Tally = { ...emptyTally(), gauges: tally.gauges };
  const names = Object.keys(metrics).filter(isMetric);
  for (const name of names) {
    const { type, buckets = [] } = definitionOf(name);
    for (const values of combinations(name)) {
      const key = keyOf(name, values);
      if (type === "counter") addCount(all, key, 0);
      if (type === "histogram") addObservations(all, key, { sum: 0, counts: Array(buckets.length + 1).fill(0) });
    }
  }
  for (const [key, count] of tally.counters) addCount(all, key, count);
  for (const [key, observations] of tally.histograms) addObservations(all, key, observations);
  return all;
}

/** The series of one metric, in a stable order. */
function seriesOf<Value>(name: MetricName, from: ReadonlyMap<string, Value>): [values: string[], value: Value][] {
  return [...from]
    .map(([key, value]): [string[], Value] => [[...partsOf(key)], value])
    .filter(([[metric]]) => metric === name)
    .map(([[, ...values], value]): [string[], Value] => [values, value])
    .sort(([a], [b]) => (keyOf("", a) < keyOf("", b) ? -1 : 1));
}

function histogramLines(name: MetricName, values: readonly string[], { sum, counts }: Observations): string[] {
  const pairs = pairsOf(name, values);
  const bounds = [...(definitionOf(name).buckets ?? []).map(String), "+Inf"];
  let total = 0;
  const buckets = bounds.map((le, index) => {
    total += counts[index] ?? 0;
    return `${name}_bucket${labelText([...pairs, ["le", le]])} ${total}`;
  });
  return [...buckets, `${name}_sum${labelText(pairs)} ${sum}`, `${name}_count${labelText(pairs)} ${total}`];
}

/**
 * The value of a gauge on the page; of one over many subjects, the lowest. 0 before the first reading of a gauge without a calm
 * value: a series that does not exist yet would keep its alert silent.
 */
export function gaugeValue(name: GaugeName, { gauges }: Tally, nowMs: number): number {
  const { calm, isAge } = definitionOf(name);
  const values = seriesOf(name, gauges).map(([, { value }]) => value);
  if (calm !== undefined || values.length === 0) values.push(calm ?? 0);
  const lowest = Math.min(...values);
  return isAge ? Math.max(0, nowMs / 1000 - lowest) : lowest;
}

function gaugeLines(name: GaugeName, tally: Tally, nowMs: number): string[] {
  if (namesOf(name).length > 0) {
    return combinations(name).map((values) => {
      return `${name}${labelText(pairsOf(name, values))} ${tally.gauges.get(keyOf(name, values))?.value ?? 0}`;
    });
  }
  return [`${name} ${gaugeValue(name, tally, nowMs)}`];
}

const isGauge = (name: MetricName): name is GaugeName => definitionOf(name).type === "gauge";

function linesOf(name: MetricName, tally: Tally, { lastPushMs }: Totals, nowMs: number): string[] {
  if (isGauge(name)) {
    if (name !== "agentidp_metrics_last_push_timestamp_seconds") return gaugeLines(name, tally, nowMs);
    return [`${name} ${(lastPushMs ?? 0) / 1000}`];
  }
  if (definitionOf(name).type === "histogram") {
    return seriesOf(name, tally.histograms).flatMap(([values, observations]) =>
      histogramLines(name, values, observations),
    );
  }
  return seriesOf(name, tally.counters).map(([values, count]) => `${name}${labelText(pairsOf(name, values))} ${count}`);
}

/** The page at `nowMs`. OpenMetrics writes the family of a counter without `_total`, and ends with `# EOF`. */
export function exposition(totals: Totals, format: Format, nowMs: number): string {
  const tally = withZeros(totals.tally);
  const families = Object.keys(metrics)
    .filter(isMetric)
    .flatMap((name) => {
      const { type, help } = definitionOf(name);
      const family = format === "openMetrics" && type === "counter" ? name.replace(/_total$/, "") : name;
      return [`# HELP ${family} ${help}`, `# TYPE ${family} ${type}`, ...linesOf(name, tally, totals, nowMs)];
    });
  return `${[...families, ...(format === "openMetrics" ? ["# EOF"] : [])].join("\n")}\n`;
}
