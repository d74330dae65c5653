/** Conditions of SQL, and writes that the database itself decides, so that of two racing requests one loses cleanly. */
import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Context } from "../context.ts";
import { problem } from "../problems/problems.ts";
import type { Result } from "../problems/result.ts";
import type { Database } from "./client.ts";

/**
 * `INSERT … SELECT … WHERE`: writes the row only if the condition holds in the same statement. Whether it did is in the
 * `meta.changes` of the result.
 *
 * @example
 * ```ts
 * insertWhere(db, credentials, row, sql`(SELECT count(*) FROM credentials WHERE agent_id = ${agentId}) < 10`);
 * ```
 */
export function insertWhere<T extends SQLiteTable>(db: Database, table: T, row: T["$inferSelect"], condition: SQL) {
  const values = Object.entries(getTableColumns(table)).map(([name, column]) => sql.param(row[name], column));
  return db.insert(table).select(sql`SELECT ${sql.join(values, sql`, `)} WHERE ${condition}`);
}

/**
 * A list for `IN`, as one parameter: D1 binds at most 100 to a statement.
 *
 * @example
 * ```ts
 * sql`${agents.id} IN ${among(ids)}`
 * ```
 */
export const among = (values: readonly string[]): SQL => sql`(SELECT value FROM json_each(${JSON.stringify(values)}))`;

/** Whether a column has a DNS name that is this one or below it. */
export const isAtOrBelowName = (column: SQLiteColumn, name: string): SQL =>
  sql`(${column} = ${name} OR ${column} LIKE ${`%.${name.replace(/[\\%_]/g, "\\$&")}`} ESCAPE '\\')`;

/** Holds when the statement just before in the batch changed a row; the statements of one change stand or fall together. */
export const previousChanged: SQL = sql`changes() > 0`;

/**
 * The `updatedAt` of a changed record, in milliseconds. It is the record's version: it grows even within one millisecond and
 * when a clock lags, because the next conditional write relies on it.
 */
export const nextVersion = (context: Pick<Context, "now">, before: { readonly updatedAt: number }): number =>
  Math.max(context.now(), before.updatedAt + 1);

/** Each lost round is a round that somebody else won, so this bounds how many writers of one record can meet. */
const maxRounds = 20;

/**
 * Reads and writes again for as long as the write finds a record other than the one that was read.
 *
 * @param attempt reads, decides, writes conditionally; answers null when the write changed nothing because of a race
 * @returns what the attempt answered, or `SERVICE_UNAVAILABLE` when it lost every time
 */
export async function untilWritten<T>(attempt: () => Promise<Result<T> | null>): Promise<Result<T>> {
  for (let round = 0; round < maxRounds; round++) {
    const outcome = await attempt();
    if (outcome) return outcome;
  }
  return problem("SERVICE_UNAVAILABLE", "Many requests are changing this record at once; try again.");
}
