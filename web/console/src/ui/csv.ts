/** A table as CSV (RFC 4180). As in the service's exports, an apostrophe keeps a spreadsheet from taking a text for a formula. */

export type Cell = string | number;

function cellOf(value: Cell): string {
  if (typeof value === "number") return String(value);
  const guarded = /^[=+\-@'\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** The head, then the rows. */
export const csvOf = (rows: readonly (readonly Cell[])[]): string =>
  rows.map((row) => `${row.map(cellOf).join(",")}\r\n`).join("");
