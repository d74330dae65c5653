/** Reads the tables that the report needs from the file that `wrangler d1 export` wrote. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { Advice } from "../advice.ts";

const tables = ["organizations", "agents", "audit_events"] as const;
const begin = /^(?:CREATE TABLE|INSERT INTO)\s+(?:IF NOT EXISTS\s+)?["`]?(?<table>\w+)/;
const actions = ["'token.issued'", "'delegation.created'"];

/** Secrets, keys and the other events of the log do not enter memory. */
function isNeeded(statement: string): boolean {
  const table = begin.exec(statement)?.groups?.table;
  if (table === "audit_events" && statement.startsWith("INSERT")) {
    return actions.some((action) => statement.includes(action));
  }
  return tables.some((name) => name === table);
}

/** The statements of a dump. One that ends within a text goes on in the next line: a quote in a text is doubled. */
async function* statementsOf(path: string): AsyncGenerator<string> {
  let statement = "";
  let quotes = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    statement += statement === "" ? line : `\n${line}`;
    quotes += line.split("'").length - 1;
    if (quotes % 2 === 1 || !line.trimEnd().endsWith(";")) continue;
    yield statement;
    statement = "";
    quotes = 0;
  }
}

/**
 * The organizations, the agents, and the events of tokens and delegations, in a database in memory.
 *
 * @throws {Advice} when the file is no export of a database of the service
 */
export async function readExport(path: string): Promise<DatabaseSync> {
  const database = new DatabaseSync(":memory:");
  try {
    for await (const statement of statementsOf(path)) if (isNeeded(statement)) database.exec(statement);
  } catch (error) {
    throw new Advice(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  const found = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const missing = tables.filter((table) => !found.some(({ name }) => name === table));
  if (missing.length === 0) return database;
  throw new Advice(`${path} is no export of the whole database: it has no table ${missing.join(", ")}.`);
}
