/** The text form of a tally in the metrics object, and the limit on its size. */
import { definitionOf, isMetric } from "./catalogue.ts";
import { partsOf, type Tally } from "./tally.ts";

/** Far more than all routes, methods and statuses give, so only a bug can reach it. */
const maxSeries = 20_000;

/** The tally without the new series above the limit. */
export function withinSeriesLimit(tally: Tally, totals: Tally): Tally {
  const within = <Value>(from: Map<string, Value>, present: Map<string, unknown>) => {
    let room = maxSeries - present.size;
    return new Map([...from].filter(([series]) => present.has(series) || room-- > 0));
  };
  return {
    counters: within(tally.counters, totals.counters),
    histograms: within(tally.histograms, totals.histograms),
    gauges: within(tally.gauges, totals.gauges),
  };
}

/** Deletes readings without a fault, so that a gauge over many subjects keeps only the subjects with one. */
export function forgetCalm({ gauges }: Tally, read: Iterable<string>): void {
  for (const series of read) {
    const [name] = partsOf(series);
    const calm = isMetric(name) ? definitionOf(name).calm : undefined;
    if (calm !== undefined && gauges.get(series)?.value === calm) gauges.delete(series);
  }
}

type Entries = { readonly [Kind in keyof Tally]: readonly (readonly [string, never])[] };

export const packed = ({ counters, histograms, gauges }: Tally): string =>
  JSON.stringify({ counters: [...counters], histograms: [...histograms], gauges: [...gauges] });

/** Parses the text of {@link packed}. */
export function unpacked(text: string): Tally {
  const { counters, histograms, gauges } = JSON.parse(text) as Entries;
  return { counters: new Map(counters), histograms: new Map(histograms), gauges: new Map(gauges) };
}
