/** The drizzle client over D1, and which of its errors mean that the database is down. */
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { DrizzleQueryError } from "drizzle-orm/errors";

export type Database = DrizzleD1Database;

const opened = new WeakMap<D1Database, Database>();

/** The client of a database, created once: its construction can cost as much as a whole request. No I/O. */
export function openDatabase(d1: D1Database): Database {
  const database = opened.get(d1) ?? drizzle(d1);
  opened.set(d1, database);
  return database;
}

/** A query with placeholders, built once for each database. For frequent queries: building one takes longer than sending it. */
export function preparedOnce<Query>(prepare: (db: Database) => Query): (db: Database) => Query {
  const prepared = new WeakMap<Database, Query>();
  return (db) => {
    const query = prepared.get(db) ?? prepare(db);
    prepared.set(db, query);
    return query;
  };
}

function messagesOf(error: unknown): string {
  return error instanceof Error ? `${error.message}\n${messagesOf(error.cause)}` : "";
}

/** Whether the unique index of these columns refused a statement. `columns` is as in SQLite's message, such as `agents.email`. */
export function violatesUnique(error: unknown, columns: string): boolean {
  const text = messagesOf(error);
  return text.includes("UNIQUE constraint failed") && text.includes(columns);
}

/**
 * Whether a statement was refused because it has no value for a column that must have one.
 *
 * @param column as SQLite names it in its message, such as `outbox.event`
 */
export function violatesNotNull(error: unknown, column: string): boolean {
  return messagesOf(error).includes(`NOT NULL constraint failed: ${column}`);
}

/** Whether D1 itself failed (network, overload, time-out), so that the same request may succeed later. */
export function isDatabaseDown(error: unknown): boolean {
  const text = messagesOf(error);
  const fromD1 = error instanceof DrizzleQueryError || text.includes("D1_");
  return fromD1 && (!/SQLITE_/.test(text) || /SQLITE_(BUSY|FULL|IOERR|CANTOPEN|LOCKED|NOMEM)/.test(text));
}
