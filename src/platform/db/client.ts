/** The drizzle client over D1, and the one list of failures that mean "the database is down" and not "a bug". */

import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { DrizzleQueryError } from "drizzle-orm/errors";

export type Database = DrizzleD1Database;

const opened = new WeakMap<D1Database, Database>();

/** The client of a database, made once for each database: its construction can cost as much as a whole request. No I/O. */
export function openDatabase(d1: D1Database): Database {
  const known = opened.get(d1);
  if (known) return known;
  const database = drizzle(d1);
  opened.set(d1, database);
  return database;
}

/**
 * A query that is built once for each database, with placeholders for its parameters. For frequent queries: to build one takes
 * longer than to send it.
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
 * Whether the unique index of these columns has refused a statement.
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
