/** Parts of queries, and conditional writes: the database decides which of two concurrent requests writes. */
import { getTableColumns, lt, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Context } from "../context.ts";
import { problem } from "../problems/problems.ts";
import type { Result } from "../problems/result.ts";
import type { Database } from "./client.ts";

/**
 * `INSERT … SELECT … WHERE`: writes the row only if the condition holds in the same statement, such as
 * `(SELECT count(*) FROM credentials WHERE agent_id = ?) < 10`. `meta.changes` of the result shows whether it did.
 */
export function insertWhere<T extends SQLiteTable>(db: Database, table: T, row: T["$inferSelect"], condition: SQL) {
  const values = Object.entries(getTableColumns(table)).map(([name, column]) => sql.param(row[name], column));
  return db.insert(table).select(sql`SELECT ${sql.join(values, sql`, `)} WHERE ${condition}`);
}

/** A list for `IN`, as one parameter: a statement of D1 has at most 100. */
export const among = (values: readonly string[]): SQL => sql`(SELECT value FROM json_each(${JSON.stringify(values)}))`;

/** A column: the number of rows that the query would have without its limit. */
export const rowsWithoutLimit = sql<number>`count(*) OVER ()`;

/** The condition of a list, newest first: keys below this one; no condition for the first page (null). */
export const olderThan = <C extends SQLiteColumn>(column: C, key: C["_"]["data"] | null): SQL | undefined =>
  key === null ? undefined : lt(column, key);

/** Whether a column holds a text. Without LIKE, which has wildcards and takes at most 50 bytes at D1. Folds ASCII letters only. */
export const holdsText = (column: SQLiteColumn | SQL, text: string): SQL =>
  sql`instr(lower(${column}), lower(${text})) > 0`;

/** Whether a column holds this DNS name or a name below it. Without LIKE, for the same reasons. */
export const isAtOrBelowName = (column: SQLiteColumn, name: string | SQL): SQL =>
  sql`(${column} = ${name} OR substr(${column}, -1 - length(${name})) = '.' || ${name})`;

/** Holds when the previous statement of the batch changed a row. So all statements of a change take effect, or none. */
export const previousChanged: SQL = sql`changes() > 0`;

/**
 * The `updatedAt` of a changed record, in milliseconds. It is the record's version: it grows even within one millisecond and
 * when a clock lags, because the next conditional write relies on it.
 */
export const nextVersion = (context: Pick<Context, "now">, before: { readonly updatedAt: number }): number =>
  Math.max(context.now(), before.updatedAt + 1);

/** In each lost round another writer won, so this limits the concurrent writers of one record. */
const maxRounds = 20;

/**
 * Repeats a read and its write until no other write comes between them.
 *
 * @param attempt reads, decides, writes conditionally; returns null when the write changed nothing because of a race
 * @returns the result of the attempt, or `SERVICE_UNAVAILABLE` when it lost every time
 */
export async function untilWritten<T>(attempt: () => Promise<Result<T> | null>): Promise<Result<T>> {
  for (let round = 0; round < maxRounds; round++) {
    const outcome = await attempt();
    if (outcome) return outcome;
  }
  return problem("SERVICE_UNAVAILABLE", "Many requests are changing this record at once; try again.");
}
