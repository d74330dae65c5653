/** The database of a released version, with the storage of its objects, as `_make-database.ts` writes it. */
import { applyD1Migrations, type D1Migration, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";

export type Row = Readonly<Record<string, string | number | null>>;

export interface StoredTables {
  /** The statements that made the tables and their indexes. */
  readonly schema: readonly string[];
  readonly rows: Readonly<Record<string, readonly Row[]>>;
}

export interface StoredObject extends StoredTables {
  readonly binding: string;
  readonly name: string;
  /** What it has stored by key. */
  readonly keys: Readonly<Record<string, unknown>>;
}

export interface ReleasedDatabase {
  readonly version: string;
  readonly commit: string;
  /** The time of its last row. */
  readonly madeAtMs: number;
  // biome-ignore lint/suspicious/noExplicitAny: the answers of that version
  readonly clients: any;
  readonly database: StoredTables;
  readonly objects: readonly StoredObject[];
}

const { DB, MIGRATIONS } = env as unknown as { DB: D1Database; MIGRATIONS: D1Migration[] };
const namespaces = env as unknown as Readonly<Record<string, DurableObjectNamespace>>;

const ours = "type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'";

const insertOf = (table: string, row: Row) => {
  const names = Object.keys(row);
  return `INSERT INTO "${table}" (${names.map((name) => `"${name}"`)}) VALUES (${names.map(() => "?")})`;
};

/** All rows of a table of D1, in the order of their primary key. */
export async function rowsOf(table: string): Promise<Row[]> {
  return (await DB.prepare(`SELECT * FROM "${table}"`).all<Row>()).results;
}

/** The names of the tables of D1. */
export async function tableNames(): Promise<string[]> {
  const { results } = await DB.prepare(`SELECT name FROM sqlite_master WHERE ${ours}`).all<{ name: string }>();
  return results.map(({ name }) => name);
}

/** Gives an object the storage that it had. It starts anew with it. */
async function restoreObject({ binding, name, schema, rows, keys }: StoredObject): Promise<void> {
  const namespace = namespaces[binding];
  if (!namespace) throw new Error(`There is no binding ${binding}.`);
  const stub = namespace.get(namespace.idFromName(name));
  await runInDurableObject(stub, async (_, { storage }) => {
    const tables = storage.sql.exec<{ name: string }>(`SELECT name FROM sqlite_master WHERE ${ours}`).toArray();
    for (const table of tables) storage.sql.exec(`DROP TABLE "${table.name}"`);
    for (const statement of schema) storage.sql.exec(statement);
    for (const [table, stored] of Object.entries(rows)) {
      for (const row of stored) storage.sql.exec(insertOf(table, row), ...Object.values(row));
    }
    for (const [key, value] of Object.entries(keys)) storage.kv.put(key, value);
    await storage.deleteAlarm();
  });
  await evictDurableObject(stub);
}

/** Makes D1 and the objects those of the released version. */
export async function restore({ database, objects }: ReleasedDatabase): Promise<void> {
  // The code that starts an object is the present one, and needs the present tables.
  for (const object of objects) await restoreObject(object);
  for (const name of await tableNames()) await DB.prepare(`DROP TABLE "${name}"`).run();
  await DB.batch(database.schema.map((statement) => DB.prepare(statement)));
  const inserts = Object.entries(database.rows).flatMap(([table, rows]) =>
    rows.map((row) => DB.prepare(insertOf(table, row)).bind(...Object.values(row))),
  );
  await DB.batch(inserts);
}

/** What a deployment of the present version does to D1 at `atMs`. The clock of SQLite cannot be faked, so its reading is replaced. */
export const migrate = (atMs: number): Promise<void> =>
  applyD1Migrations(
    DB,
    MIGRATIONS.map((migration) => ({
      ...migration,
      queries: migration.queries.map((query) => query.replaceAll("unixepoch('subsec')", String(atMs / 1000))),
    })),
  );
