/** Accepted calls by route and by the class of the answer. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { CallAnalytics } from "../../api/schema.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { plural } from "../../ui/number.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { CallsChart, Chart } from "./chart.tsx";

const classes = ["2xx", "3xx", "4xx", "5xx"] as const;
const shown = 12;

type Row = { route: string; total: number } & Record<(typeof classes)[number], number>;

/** A row for each route, the most called first. */
export function rowsOf(data: CallAnalytics["data"]): Row[] {
  const rows = new Map<string, Row>();
  for (const { route, statusClass, count } of data) {
    const row = rows.get(route) ?? { route, total: 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0 };
    row[statusClass] += count;
    row.total += count;
    rows.set(route, row);
  }
  return [...rows.values()].sort((a, b) => b.total - a.total || a.route.localeCompare(b.route));
}

export function Calls({ days }: { readonly days: number }) {
  const calls = useQuery({
    ...read("GET /analytics/calls", { query: { days } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={calls} skeleton={<Skeleton lines={8} />}>
      {({ data }) => {
        const rows = rowsOf(data);
        if (rows.length === 0)
          return (
            <Empty title="No calls yet">
              A call is an accepted request with a token. The calls of the last seconds are counted a moment later.
            </Empty>
          );
        const total = rows.reduce((all, row) => all + row.total, 0);
        const failed = rows.reduce((all, row) => all + row["5xx"], 0);
        const most = rows.length > shown ? `; the chart has the ${shown} most called` : "";
        return (
          <Chart
            title="Calls by route"
            sentence={`${plural(total, "call")} of ${plural(rows.length, "route")} in ${plural(days, "day")}, ${plural(failed, "server error")}${most}.`}
            table={{
              caption: "Calls by route and class of the answer",
              heads: ["Route", ...classes, "All"],
              rows: rows.map((row) => [row.route, ...classes.map((name) => row[name]), row.total]),
              fileName: `calls-${days}-days`,
            }}
          >
            <CallsChart data={rows.slice(0, shown)} label="Calls by route and class of the answer" />
          </Chart>
        );
      }}
    </Loaded>
  );
}
