/** CSV (RFC 4180, UTF-8) as a stream. */
import type { Context as HonoContext } from "hono";
import type { BaseEnv } from "./app-env.ts";
import { type Pages, type StreamedResponse, streamOf } from "./json-stream.ts";

/**
 * Whether a spreadsheet could take the text for a formula (OWASP, CSV Injection). An apostrophe before it makes it a text; a text
 * that begins with an apostrophe gets another one, so that the first can always be removed.
 */
const isGuarded = (text: string) => /^[=+\-@'\t\r]/.test(text);

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const guarded = isGuarded(text) ? `'${text}` : text;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

const rowOf = (cells: readonly unknown[]) => `${cells.map(cellOf).join(",")}\r\n`;

/** The bytes: a row with the names of the columns, and one for each item. A missing member or null is an empty cell; an object is JSON. */
export function csvStream(columns: readonly string[], pages: Pages): ReadableStream<Uint8Array> {
  let header = rowOf(columns);
  const withHeader = (text: string) => {
    const whole = `${header}${text}`;
    header = "";
    return whole;
  };
  const rowsOf = (page: readonly unknown[]) =>
    page.map((item) => rowOf(columns.map((name) => (item as Readonly<Record<string, unknown>>)[name]))).join("");
  return streamOf(
    pages,
    (page) => withHeader(rowsOf(page)),
    () => withHeader(""),
  );
}

/** Answers with CSV as a download. `fileName` has no extension. */
export function csv<E extends BaseEnv>(
  c: HonoContext<E>,
  columns: readonly string[],
  pages: Pages,
  fileName: string,
): StreamedResponse {
  return c.newResponse(csvStream(columns, pages), 200, {
    "Content-Type": "text/csv; charset=utf-8; header=present",
    "Content-Disposition": `attachment; filename="${fileName}.csv"`,
  }) as unknown as StreamedResponse;
}
