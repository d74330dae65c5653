/** How the metrics object keeps a tally as text, and how large it lets one grow. */
import { definitionOf, isMetric } from "./catalogue.ts";
import { partsOf, type Tally } from "./tally.ts";

/** Far more series than the routes, methods and statuses that there are; only a mistake in the code could come here. */
const maxSeries = 20_000;

/** The part of a tally for which there is room: series that are known, and new ones up to the bound. */
export function withinSeriesLimit(tally: Tally, totals: Tally): Tally {
  const within = <Value>(from: Map<string, Value>, known: Map<string, unknown>) => {
    let room = maxSeries - known.size;
    return new Map([...from].filter(([series]) => known.has(series) || room-- > 0));
  };
  return {
    counters: within(tally.counters, totals.counters),
    histograms: within(tally.histograms, totals.histograms),
    gauges: within(tally.gauges, totals.gauges),
  };
}

/** Forgets readings that say that nothing is wrong, so that a gauge over many subjects keeps only those that have a fault. */
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

/** The tally that {@link packed} made a text of. */
export function unpacked(text: string): Tally {
  const { counters, histograms, gauges } = JSON.parse(text) as Entries;
  return { counters: new Map(counters), histograms: new Map(histograms), gauges: new Map(gauges) };
}
