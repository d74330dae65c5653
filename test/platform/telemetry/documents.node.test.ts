/** What operators read names the metrics that there are: all of them, and no others. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { metrics } from "../../../src/platform/telemetry/catalogue.ts";

const docs = join(import.meta.dirname, "..", "..", "..", "docs");
const dashboard = readFileSync(join(docs, "grafana-dashboard.json"), "utf8");
const guide = readFileSync(join(docs, "operate.md"), "utf8");

/** The names that a page of metrics has, with those of the series of a histogram. */
const series = Object.entries(metrics).flatMap(([name, { type }]) =>
  type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
);

const namesIn = (text: string) => [...new Set(text.match(/\bagentidp_[a-z_]+/g))].sort();
const withoutSuffix = (name: string) => (name in metrics ? name : name.replace(/_(bucket|sum|count)$/, ""));

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
const panels = (JSON.parse(dashboard) as { panels: readonly Panel[] }).panels;

it("the Grafana dashboard asks for series that are exported, and for each metric somewhere", () => {
  const names = namesIn(dashboard);
  expect(series).toEqual(expect.arrayContaining(names));
  expect([...new Set(names.map(withoutSuffix))]).toEqual(Object.keys(metrics).sort());
});

it("the dashboard groups, filters and names by labels that the metric has", () => {
  for (const { title, targets = [] } of panels) {
    for (const { expr, legendFormat } of targets) {
      const known = new Set(["le"]);
      for (const name of namesIn(expr)) {
        for (const label of Object.keys(metrics[withoutSuffix(name) as keyof typeof metrics].labels)) known.add(label);
      }
      const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/, */));
      const filtered = [...expr.matchAll(/[{,]\s*(\w+)\s*(?:=~|!=|!~|=)/g)].map(([, label]) => label);
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      expect([...known], title).toEqual(expect.arrayContaining([...grouped, ...filtered, ...shown]));
    }
  }
});

it("docs/operate.md has a row for each metric, with its type and labels", () => {
  const rows = [...guide.matchAll(/^\| `(agentidp_\w+)` \| (\w+) \| ([^|]*)\|/gm)].map(
    ([, name, type, labels = ""]) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    }),
  );
  const expected = Object.entries(metrics).map(([name, { type, labels }]) => ({
    name,
    type,
    labels: Object.keys(labels),
  }));
  expect(rows).toEqual(expected);
});

it("the alerts of docs/operate.md ask for series that are exported", () => {
  expect([...series, ...Object.keys(metrics)]).toEqual(expect.arrayContaining(namesIn(guide)));
});
