/** The tables of D1, empty, in SQLite's own memory: for what reads them outside of the Worker. */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** A new database after all migrations. Foreign keys are not enforced. */
export function migratedDatabase(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  const names = readdirSync("migrations").filter((name) => name.endsWith(".sql"));
  for (const name of names.sort()) database.exec(readFileSync(`migrations/${name}`, "utf8"));
  database.exec("PRAGMA foreign_keys = OFF");
  return database;
}
