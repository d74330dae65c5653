/** A table as a file. */
import { saveFile } from "../api/client.ts";
import { Button } from "./button.tsx";
import { type Cell, csvOf } from "./csv.ts";

export interface TextTable {
  readonly caption: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Without `.csv` */
  readonly fileName: string;
}

function saveCsv({ heads, rows, fileName }: TextTable): void {
  saveFile(new Blob([csvOf([heads, ...rows])], { type: "text/csv;charset=utf-8" }), `${fileName}.csv`);
}

export function CsvButton({ table }: { readonly table: TextTable }) {
  return (
    <Button label={`Download as CSV: ${table.caption}`} onClick={() => saveCsv(table)}>
      CSV
    </Button>
  );
}
