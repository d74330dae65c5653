/** Lists of many rows: making as many through the API would take minutes. */
import type { Stage } from "./_console.ts";

/** The id of the copy with the number `n`, in SQL. */
export const manyId = "'0199f0c2-0000-7000-8000-' || printf('%012d', n)";

/**
 * Copies a row of the database.
 *
 * @param column which names the row, with `id`
 * @param changed the columns of the copy that differ, in SQL, where `n` is its number from 1 on
 */
export async function copyRow(
  { worker }: Stage,
  table: string,
  column: string,
  id: string,
  count: number,
  changed: Readonly<Record<string, string>>,
): Promise<void> {
  const columns = (await worker.query<{ name: string }>(`PRAGMA table_info(${table})`)).map(({ name }) => name);
  await worker.query(
    `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
     INSERT INTO ${table} (${columns.join(", ")})
     SELECT ${columns.map((name) => changed[name] ?? name).join(", ")} FROM numbers, ${table} WHERE ${column} = ?`,
    id,
  );
}
