/** Tables of results, for a terminal and for a page. */
import type { Turns } from "./rounds.ts";

export interface Table {
  /** The marker of its place in `docs/performance.md`. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const whole = (value: number): string => grouped.format(value);
export const ratio = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(2));
/** Milliseconds, with the significant digits. */
export const milliseconds = (value: number): string => (value < 10 ? value.toFixed(1) : whole(value));
export const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
export const kibibytes = (bytes: number): string => (bytes / 1024).toFixed(1);

/** Throughput, latency and ratios of turns. `against`: the names of the subjects to compare with. */
export function turnsTable(name: string, title: string, turns: readonly Turns[], against: readonly string[]): Table {
  return {
    name,
    title,
    columns: [
      "connections",
      "what",
      "requests/s",
      "lowest to highest",
      "p50 ms",
      "p99 ms",
      ...against.map((one) => `÷ ${one}`),
    ],
    rows: turns.map((turn) => [
      String(turn.connections),
      turn.name,
      whole(turn.median.requestsPerSecond),
      `${whole(turn.range[0])} to ${whole(turn.range[1])}`,
      milliseconds(turn.median.p50),
      milliseconds(turn.median.p99),
      ...against.map((other) => ratio(turn.against[other])),
    ]),
  };
}

/** The table in Markdown: all columns but the first two are right-aligned. */
export function markdown({ columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rules = columns.map((_, index) => (index < 2 ? "---" : "---:"));
  return [line(columns), line(rules), ...rows.map(line)].join("\n");
}

/** The table for a terminal. */
export function plain({ title, columns, rows }: Table): string {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => (index < 2 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join("  ");
  return [title, line(columns), ...rows.map(line)].join("\n");
}
