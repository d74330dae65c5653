/** The numbers of a chart as a table, and the same table as a file. */
import { saveFile } from "../../api/client.ts";
import { Button } from "../../ui/button.tsx";
import { Count } from "../../ui/number.tsx";
import { Table } from "../../ui/table.tsx";
import { type Cell, csvOf } from "./csv.ts";

export interface FiguresTable {
  readonly caption: string;
  readonly heads: readonly string[];
  /** The first cell names its row. */
  readonly rows: readonly (readonly Cell[])[];
  /** Without `.csv` */
  readonly fileName: string;
}

export function saveCsv({ heads, rows, fileName }: FiguresTable): void {
  saveFile(new Blob([csvOf([heads, ...rows])], { type: "text/csv;charset=utf-8" }), `${fileName}.csv`);
}

export function CsvButton({ table }: { readonly table: FiguresTable }) {
  return (
    <Button label={`Download as CSV: ${table.caption}`} onClick={() => saveCsv(table)}>
      CSV
    </Button>
  );
}

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
