/** The evaluator of the alerts against results of Prometheus: `promtool test rules` 2.42 printed them for these series. */
import { expect, it } from "vitest";
import { evaluate, type Labels, metricsOf, type Scraped } from "../../support/promql.ts";

/** Values 30 seconds apart; null for none. */
const series: readonly (readonly [Labels, readonly (number | null)[]])[] = [
  [{ __name__: "c_total", a: "x", s: "500" }, [5, 8, 11, 30, 31, 2, 5, 9, 9, 10, 12]],
  [{ __name__: "c_total", a: "y", s: "200" }, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]],
  [{ __name__: "late_total" }, [null, null, null, null, null, null, 40, 47, 47, 60, 60]],
  [{ __name__: "g", p: "one" }, [7, 3, 9, 4, 4, 8, 6, 5, 9, 9, 12]],
  [{ __name__: "g", p: "two" }, [0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]],
  ...(["0.1", "0.5", "1", "+Inf"] as const).map((le, bucket) => {
    const step = [10, 15, 19, 20][bucket] ?? 0;
    return [{ __name__: "h_bucket", r: "t", le }, Array.from({ length: 11 }, (_, n) => n * step)] as const;
  }),
];

const history: readonly Scraped[] = Array.from({ length: 11 }, (_, n) => ({
  atMs: n * 30_000,
  samples: series.flatMap(([labels, values]) => {
    const value = values[n] ?? null;
    return value === null ? [] : [{ labels, value }];
  }),
}));

const x = { a: "x", s: "500" };
const y = { a: "y", s: "200" };

it.each<readonly [string, number, readonly (readonly [Labels, number])[]]>([
  [
    "rate(c_total[4m])",
    285,
    [
      [x, 0.14285714285714285],
      [y, 3.333333333333333],
    ],
  ],
  ['increase(c_total{a="x"}[2m])', 285, [[x, 6.666666666666666]]],
  ['increase(c_total{a="x"}[4m])', 285, [[x, 34.285714285714285]]],
  ["rate(late_total[4m])", 285, [[{}, 0.1111111111111111]]],
  ["increase(late_total[10m])", 310, [[{}, 24.166666666666664]]],
  ['increase(c_total{a="y"}[10m])', 310, [[y, 1033.3333333333335]]],
  ['sum(rate(c_total{s=~"5.."}[4m])) / sum(rate(c_total[4m])) > 0.01', 285, [[{}, 0.04109589041095891]]],
  ['sum(rate(c_total{s!~"5..",a!="z"}[4m])) - 1', 285, [[{}, 2.333333333333333]]],
  [
    "min_over_time(g[2m])",
    285,
    [
      [{ p: "one" }, 5],
      [{ p: "two" }, 4],
    ],
  ],
  ["min by (p) (min_over_time(g[2m])) > 5", 285, []],
  ["time() - g > 280", 285, []],
  ['histogram_quantile(0.95, sum by (le) (rate(h_bucket{r="t"}[4m]))) > 0.5', 285, [[{}, 1]]],
  ["histogram_quantile(0.6, sum by (le) (rate(h_bucket[4m])))", 285, [[{}, 0.26]]],
  ["histogram_quantile(0.99, sum by (le) (rate(h_bucket[4m])))", 285, [[{}, 1]]],
])("%s", (expression, atSeconds, expected) => {
  const found = evaluate(expression, history, atSeconds * 1000);
  if (typeof found === "number") throw new Error("a number and no samples");
  expect(found.map(({ labels }) => labels)).toEqual(expected.map(([labels]) => labels));
  for (const [index, [, value]] of expected.entries()) expect(found[index]?.value).toBeCloseTo(value, 10);
});

it("names the series that an expression reads", () => {
  expect(metricsOf('sum by (le) (rate(a_total{le="x"}[1m])) / b > time() - c')).toEqual(["a_total", "b", "c"]);
});

it("refuses what it does not know", () => {
  for (const expression of [
    "absent(g)",
    "avg(g)",
    "g offset 1m",
    "g and g",
    "sum without (p) (g)",
    "g > on (p) g",
    "-g",
  ]) {
    expect(() => evaluate(expression, history, 285_000), expression).toThrow();
  }
});
