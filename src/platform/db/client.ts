/** The drizzle client over D1, and the one list of failures that mean "the database is down" rather than "we have a bug". */

import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { DrizzleQueryError } from "drizzle-orm/errors";

export type Database = DrizzleD1Database;

const opened = new WeakMap<D1Database, Database>();

/** The client over a database, made once for each: making it costs as much as a whole request may. No I/O. */
export function openDatabase(d1: D1Database): Database {
  const known = opened.get(d1);
  if (known) return known;
  const database = drizzle(d1);
  opened.set(d1, database);
  return database;
}

/**
 * A query that is built once for a database, with placeholders for what differs. For the ones that are asked all the time:
 * building one takes longer than sending it.
 */
export function preparedOnce<Query>(prepare: (db: Database) => Query): (db: Database) => Query {
  const known = new WeakMap<Database, Query>();
  return (db) => {
    const query = known.get(db) ?? prepare(db);
    known.set(db, query);
    return query;
  };
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
