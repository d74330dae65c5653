/** Writes the tables of `bench/results.json` into `docs/performance.md`, between their markers: `node bench/page.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/wrangler.ts";
import { type Results, readResults } from "./results.ts";
import { markdown, type Table } from "./table.ts";

const pagePath = join(root, "docs", "performance.md");

function machineTable({ takenAt, commit, machine, isQuick }: Results): Table {
  const { cpu, cores, memoryGiB, system, loadAverage, node, versions } = machine;
  return {
    name: "machine",
    title: "The run",
    columns: ["what", ""],
    rows: [
      ["taken", `${takenAt.slice(0, 10)}${isQuick ? " (quick run)" : ""}, commit ${commit ?? "unknown"}`],
      ["machine", `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, load ${loadAverage.toFixed(1)} at the start`],
      ["Node.js", node],
      ...Object.entries(versions).map(([name, version]) => [name, version]),
    ],
  };
}

/** The tables of a run, in the order of its questions. */
export const tablesOf = (results: Results): readonly Table[] => [
  machineTable(results),
  ...Object.values(results.answers).flatMap(({ tables }) => tables),
];

/** The page with these tables. Throws for a table without a place on the page. */
export function withTables(page: string, tables: readonly Table[]): string {
  return tables.reduce((text, table) => {
    const [begin, end] = [`<!-- bench:${table.name} -->`, `<!-- /bench:${table.name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`docs/performance.md has no place for the table ${table.name}`);
    return `${text.slice(0, from + begin.length)}\n${markdown(table)}\n${text.slice(to)}`;
  }, page);
}

/** Updates the page from the results. */
export function updatePage(): void {
  const results = readResults();
  if (results) writeFileSync(pagePath, withTables(readFileSync(pagePath, "utf8"), tablesOf(results)));
}

if (import.meta.main) updatePage();
