/**
 * Evaluates the part of PromQL that the alerts of docs/operate.md use, over the scrapes of a test. The parser is Prometheus' own. What
 * the evaluator does not know, it refuses. `platform/telemetry/promql.node.test.ts` has results of Prometheus itself.
 */
import { parser } from "@prometheus-io/lezer-promql";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** With `__name__`. */
  readonly labels: Labels;
  readonly value: number;
}

/** All samples of one scrape. */
export interface Scraped {
  readonly atMs: number;
  readonly samples: readonly Sample[];
}

type Node = ReturnType<typeof parser.parse>["topNode"];

interface Point {
  readonly atMs: number;
  readonly value: number;
}

interface Series {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** How long an instant selector looks back. */
const lookBackMs = 300_000;

/** `1h30m` in milliseconds. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  if (parts.map(([part]) => part).join("") !== text) throw new Error(`no duration: ${text}`);
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (unitMs[unit] ?? Number.NaN), 0);
}

const without = (labels: Labels, ...names: readonly string[]): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));

/** A text that is the same for the same labels. */
export const keyOf = (labels: Labels): string => JSON.stringify(Object.entries(labels).sort());

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  ">": (a, b) => a > b,
  "<": (a, b) => a < b,
  ">=": (a, b) => a >= b,
  "<=": (a, b) => a <= b,
};
const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};

/** Extrapolated to the ends of the range, as Prometheus does (`extrapolatedRate` in promql/functions.go); null for too few points. */
function increaseOf({ points }: Series, startMs: number, endMs: number): number | null {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 2) return null;
  let increase = last.value - first.value;
  for (const [index, { value }] of points.entries()) {
    const before = points[index - 1];
    // A counter that starts again.
    if (before && value < before.value) increase += before.value;
  }
  const sampledMs = last.atMs - first.atMs;
  const betweenMs = sampledMs / (points.length - 1);
  const toEdge = (ms: number) => (ms < betweenMs * 1.1 ? ms : betweenMs / 2);
  // A counter is never below zero.
  const toZero = increase > 0 && first.value >= 0 ? sampledMs * (first.value / increase) : Number.POSITIVE_INFINITY;
  const beforeMs = Math.min(toZero, toEdge(first.atMs - startMs));
  return increase * ((sampledMs + beforeMs + toEdge(endMs - last.atMs)) / sampledMs);
}

/** `quantile` of a histogram whose cumulative buckets are given. */
function quantileOf(quantile: number, buckets: readonly Sample[]): number {
  const bounds = buckets
    .map(({ labels, value }) => ({ upper: labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le), value }))
    .sort((a, b) => a.upper - b.upper);
  const total = bounds.at(-1)?.value ?? 0;
  if (total === 0) return Number.NaN;
  const rank = quantile * total;
  const index = bounds.findIndex(({ value }) => value >= rank);
  const found = bounds[index];
  const below = bounds[index - 1] ?? { upper: 0, value: 0 };
  if (!found || found.upper === Number.POSITIVE_INFINITY) return below.upper;
  return below.upper + ((found.upper - below.upper) * (rank - below.value)) / (found.value - below.value);
}

type Value = number | readonly Sample[];

/**
 * The value of an expression at a time: a number, or samples.
 *
 * @param history oldest first; later scrapes do not count
 */
export function evaluate(expression: string, history: readonly Scraped[], atMs: number): Value {
  const past = history.filter((scraped) => scraped.atMs <= atMs);
  const textOf = ({ from, to }: Node) => expression.slice(from, to);

  const childrenOf = (node: Node): Node[] => {
    const children: Node[] = [];
    for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
    return children;
  };
  const childOf = (node: Node, name: string): Node => {
    const child = node.getChild(name);
    if (!child) throw new Error(`no ${name} in ${textOf(node)}`);
    return child;
  };

  function matches(selector: Node): (labels: Labels) => boolean {
    const name = textOf(childOf(selector, "Identifier"));
    const matchers = (selector.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []).map((matcher) => {
      const [label, operator, text] = ["LabelName", "MatchOp", "StringLiteral"].map((part) =>
        textOf(childOf(matcher, part)),
      );
      const wanted: string = JSON.parse(text ?? "");
      const isMatch = (value: string) => new RegExp(`^(?:${wanted})$`).test(value);
      return ({ [label ?? ""]: value = "" }: Labels) => {
        if (operator === "=") return value === wanted;
        if (operator === "!=") return value !== wanted;
        return operator === "=~" ? isMatch(value) : !isMatch(value);
      };
    });
    return (labels) => labels.__name__ === name && matchers.every((isMatch) => isMatch(labels));
  }

  /** A series that the last scrape does not have is over. */
  function instant(selector: Node): Sample[] {
    const last = past.at(-1);
    if (!last || atMs - last.atMs >= lookBackMs) return [];
    const isWanted = matches(selector);
    return last.samples.filter(({ labels }) => isWanted(labels));
  }

  function range(matrix: Node): { readonly series: readonly Series[]; readonly startMs: number } {
    const startMs = atMs - durationMs(textOf(childOf(matrix, "DurationExpr")));
    const isWanted = matches(childOf(matrix, "VectorSelector"));
    const found = new Map<string, { labels: Labels; points: Point[] }>();
    for (const scraped of past.filter((one) => one.atMs > startMs)) {
      for (const { labels, value } of scraped.samples.filter((sample) => isWanted(sample.labels))) {
        const series = found.get(keyOf(labels)) ?? { labels, points: [] };
        series.points.push({ atMs: scraped.atMs, value });
        found.set(keyOf(labels), series);
      }
    }
    return { series: [...found.values()], startMs };
  }

  function overRange(matrix: Node, fold: (series: Series, startMs: number) => number | null): Sample[] {
    const { series, startMs } = range(matrix);
    return series.flatMap((one) => {
      const value = fold(one, startMs);
      return value === null ? [] : [{ labels: without(one.labels, "__name__"), value }];
    });
  }

  function call(node: Node): Value {
    const name = textOf(childOf(node, "FunctionIdentifier"));
    const [first, second] = childrenOf(childOf(node, "FunctionCallBody"));
    if (name === "time" && !first) return atMs / 1000;
    if (first && !second && name === "min_over_time") {
      return overRange(first, ({ points }) => Math.min(...points.map(({ value }) => value)));
    }
    if (first && !second && (name === "rate" || name === "increase")) {
      const seconds = name === "rate" ? durationMs(textOf(childOf(first, "DurationExpr"))) / 1000 : 1;
      return overRange(first, (series, startMs) => {
        const increase = increaseOf(series, startMs, atMs);
        return increase === null ? null : increase / seconds;
      });
    }
    if (first && second && name === "histogram_quantile") {
      const quantile = number(first);
      const histograms = Map.groupBy(vector(second), ({ labels }) => keyOf(without(labels, "__name__", "le")));
      return [...histograms.values()].map((buckets) => ({
        labels: without(buckets[0]?.labels ?? {}, "__name__", "le"),
        value: quantileOf(quantile, buckets),
      }));
    }
    throw new Error(`unknown function: ${textOf(node)}`);
  }

  function aggregate(node: Node): Sample[] {
    const operator = textOf(childOf(node, "AggregateOp"));
    const modifier = node.getChild("AggregateModifier");
    const by = modifier ? childOf(modifier, "GroupingLabels").getChildren("LabelName").map(textOf) : [];
    const [body] = childrenOf(childOf(node, "FunctionCallBody"));
    const fold = { sum: (a: number, b: number) => a + b, min: Math.min, max: Math.max }[operator];
    if (!body || !fold || (modifier && !modifier.getChild("By")))
      throw new Error(`unknown aggregation: ${textOf(node)}`);
    const labelsOf = (labels: Labels) =>
      Object.fromEntries(by.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])));
    const groups = Map.groupBy(vector(body), ({ labels }) => keyOf(labelsOf(labels)));
    return [...groups.values()].map((samples) => ({
      labels: labelsOf(samples[0]?.labels ?? {}),
      value: samples.map(({ value }) => value).reduce((a, b) => fold(a, b)),
    }));
  }

  function binary(node: Node): Value {
    const [left, operator, right] = childrenOf(node);
    if (!left || !operator || !right || childrenOf(node).length > 3) throw new Error(`unknown: ${textOf(node)}`);
    const [a, b] = [resultOf(left), resultOf(right)];
    const symbol = textOf(operator);
    const [compare, compute] = [comparisons[symbol], arithmetic[symbol]];
    const pairs = (pair: (x: number, y: number) => number | null, kept: (labels: Labels) => Labels): Sample[] => {
      const samples = typeof a === "number" ? (b as readonly Sample[]) : a;
      return samples.flatMap((sample) => {
        const other = (side: Value) =>
          typeof side === "number"
            ? side
            : side.find(
                ({ labels }) => keyOf(without(labels, "__name__")) === keyOf(without(sample.labels, "__name__")),
              )?.value;
        const [x, y] = [typeof a === "number" ? a : sample.value, typeof a === "number" ? sample.value : other(b)];
        const value = y === undefined ? null : pair(x, y);
        return value === null ? [] : [{ labels: kept(sample.labels), value }];
      });
    };
    if (compare && typeof a !== "number")
      return pairs(
        (x, y) => (compare(x, y) ? x : null),
        (labels) => labels,
      );
    if (compute && typeof a === "number" && typeof b === "number") return compute(a, b);
    if (compute) return pairs(compute, (labels) => without(labels, "__name__"));
    throw new Error(`unknown operator: ${textOf(node)}`);
  }

  function resultOf(node: Node): Value {
    switch (node.name) {
      case "NumberDurationLiteral":
        return Number(textOf(node));
      case "VectorSelector":
        return instant(node);
      case "FunctionCall":
        return call(node);
      case "AggregateExpr":
        return aggregate(node);
      case "BinaryExpr":
        return binary(node);
      case "ParenExpr":
        return resultOf(childrenOf(node)[0] as Node);
      default:
        throw new Error(`unknown: ${node.name} ${textOf(node)}`);
    }
  }

  function vector(node: Node): readonly Sample[] {
    const value = resultOf(node);
    if (typeof value === "number") throw new Error(`no samples: ${textOf(node)}`);
    return value;
  }

  function number(node: Node): number {
    const value = resultOf(node);
    if (typeof value !== "number") throw new Error(`no number: ${textOf(node)}`);
    return value;
  }

  const [root, ...others] = childrenOf(parser.parse(expression).topNode);
  if (!root || others.length > 0) throw new Error(`no expression: ${expression}`);
  return resultOf(root);
}

/** The names of the series that an expression reads. */
export function metricsOf(expression: string): string[] {
  const names: string[] = [];
  parser.parse(expression).iterate({
    enter({ name, node, from }) {
      if (name === "Identifier" && node.parent?.name === "VectorSelector") names.push(expression.slice(from, node.to));
    },
  });
  return names;
}
