/** The export of an organization has every table and every column of D1, but for those that are named here with their reason. */
import { getTableColumns, getTableName } from "drizzle-orm";
import { SQLiteTable } from "drizzle-orm/sqlite-core";
import { expect, it } from "vitest";
import * as schema from "../../src/platform/db/schema.ts";
import { columnsOf, type StoredType, stored } from "../../src/tenancy/export/store.ts";

const tables = Object.values(schema).filter((value) => value instanceof SQLiteTable);

/** The tables without lines of their own. */
const exceptions: Readonly<Record<string, string>> = {
  console_links: "one-time links, which are valid for a minute, with the hashes of their codes",
  audit_events: "the lines audit_event, in the form of the audit log",
  billing_events: "ids of Stripe's events, which name no organization",
  control_results: "measurements of the service, which are public",
  idempotent_requests:
    "answers, for a day, of requests that can be repeated: copies of records that are exported, and secrets",
  outbox: "events on their way: the export relays them to the audit log before it begins",
  signing_keys: "keys of the service; the lines signing_key have their public parts",
  webhook_past_states: "what a changed webhook still matches, for some seconds",
  webhook_secrets: "sealed secrets",
};

/** The columns that are in no line. */
const withheld: Readonly<Record<string, readonly string[]>> = {
  agent_key: ["privateSealed"],
  console_session: ["cookieHash", "cookieHashKeyId", "csrfHash", "csrfHashKeyId"],
  credential: ["secretHash", "hashKeyId", "previousSecretHash", "previousHashKeyId", "earlierSecrets"],
};

/** The columns whose name is that of a secret or of its hash, though they are neither. */
const harmless = ["audit_checkpoint.hash"];

const types = Object.keys(stored) as StoredType[];

it("every table is exported, but for the exceptions", () => {
  const exported = types.map((type) => getTableName(stored[type].table));
  expect([...exported, ...Object.keys(exceptions)].sort()).toEqual(tables.map((table) => getTableName(table)).sort());
});

it.each(types)("%s: every column is exported, but for secrets", (type) => {
  const all = Object.keys(getTableColumns(stored[type].table));
  const exported = Object.keys(columnsOf(type));
  expect(all.filter((name) => !exported.includes(name))).toEqual(withheld[type] ?? []);
  const suspicious = exported.filter((name) => /sealed|secret|hash|private|password/i.test(name));
  expect(suspicious.filter((name) => !harmless.includes(`${type}.${name}`))).toEqual([]);
});
