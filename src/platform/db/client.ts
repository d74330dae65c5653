/** The drizzle client over D1, and the one list of failures that mean "the database is down" rather than "we have a bug". */

import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { DrizzleQueryError } from "drizzle-orm/errors";
import * as schema from "./schema.ts";

export type Database = DrizzleD1Database<typeof schema>;

/** Opens the client; cheap, no I/O. */
export function openDatabase(d1: D1Database): Database {
  return drizzle(d1, { schema });
}

function messagesOf(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${messagesOf(error.cause)}` : "";
}

/**
 * Whether a statement was refused by a unique index, and by which columns.
 *
 * @param columns as SQLite names them in its message, such as `agents.email`
 */
export function violatesUnique(error: unknown, columns: string): boolean {
  const text = messagesOf(error);
  return text.includes("UNIQUE constraint failed") && text.includes(columns);
}

/** Whether D1 itself failed (network, overload, time-out), so that the same request may succeed later. */
export function isDatabaseDown(error: unknown): boolean {
  const text = messagesOf(error);
  const fromD1 = error instanceof DrizzleQueryError || text.includes("D1_");
  return fromD1 && (!/SQLITE_/.test(text) || /SQLITE_(BUSY|FULL|IOERR|CANTOPEN|LOCKED|NOMEM)/.test(text));
}
