/** The numbers of a chart as a table. */
import type { Cell } from "../../ui/csv.ts";
import type { TextTable } from "../../ui/csv-button.tsx";
import { Count } from "../../ui/number.tsx";
import { Table } from "../../ui/table.tsx";

/** The first cell of a row names it. */
export type FiguresTable = TextTable;

/** Closed at first: the chart is there, and a screen reader finds it by its name. */
export function TableBelow({ table }: { readonly table: FiguresTable }) {
  const { caption, heads, rows } = table;
  return (
    <details className="numbers">
      <summary>The numbers as a table</summary>
      <Table
        caption={caption}
        isCaptionHidden
        columns={heads.map((label, index) => ({
          id: label,
          label,
          isHead: index === 0,
          isNumber: typeof rows[0]?.[index] === "number",
          cell: (row: readonly Cell[]) => {
            const value = row[index] ?? "";
            return typeof value === "number" ? <Count value={value} /> : value;
          },
        }))}
        rows={rows}
        keyOf={(row) => row.filter((cell) => typeof cell === "string").join(" ")}
      />
    </details>
  );
}
