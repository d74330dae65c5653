/** Step 5 of "Restore D1" in docs/deploy.md takes back what was taken back after the restored time, and nothing else. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { expect, it } from "vitest";
import { auditEventNames } from "../../src/events/catalogue.ts";
import { migratedDatabase } from "../support/migrated-database.ts";
import { root } from "./_source.ts";

const [, step = ""] =
  /\n# 5\. .*?--command "(.*?)"\n/s.exec(readFileSync(join(root, "docs", "deploy.md"), "utf8")) ?? [];

const restoredMs = Date.parse("2026-11-22T09:30:00Z");

/** Inserts a row; columns that are not named get something. */
function insert(database: DatabaseSync, table: string, row: Record<string, SQLInputValue>): void {
  const columns = database.prepare(`PRAGMA table_info(${table})`).all() as {
    name: string;
    type: string;
    notnull: number;
  }[];
  const needed = columns.filter(({ name, notnull }) => notnull === 1 || name in row);
  const values = needed.map(({ name, type }) => (name in row ? row[name]! : type === "INTEGER" ? 0 : `${row.id}`));
  const names = needed.map(({ name }) => name).join(", ");
  database.prepare(`INSERT INTO ${table} (${names}) VALUES (${needed.map(() => "?").join(", ")})`).run(...values);
}

/** The table of what an action takes back, and the column that says whether it is in use: its value in use, and after step 5. */
const takenBack: Readonly<
  Record<string, readonly [table: string, column: string, used: SQLInputValue, after: unknown]>
> = {
  "credential.revoked": ["credentials", "revoked_at", null, expect.any(Number)],
  "agent.suspended": ["agents", "status", "active", "suspended"],
  "agent.decommissioned": ["agents", "status", "active", "suspended"],
  "organization.suspended": ["organizations", "status", "active", "suspended"],
  "organization.deleted": ["organizations", "status", "active", "suspended"],
  "trust_policy.deleted": ["trust_policies", "provider", "oidc", undefined],
  "partner.updated": ["federation_partners", "status", "active", "suspended"],
  "partner.deleted": ["federation_partners", "status", "active", "suspended"],
  "resource.disabled": ["resources", "status", "active", "disabled"],
  "resource.deleted": ["resources", "status", "active", "disabled"],
  "webhook.disabled": ["webhook_subscriptions", "active", 1, 0],
  "webhook.deleted": ["webhook_subscriptions", "active", 1, 0],
};

it.each(Object.entries(takenBack))("%s", (action, [table, column, used, after]) => {
  const database = migratedDatabase();
  const actions = { before: restoredMs - 1, since: restoredMs + 1 };
  for (const [id, timestamp] of Object.entries(actions)) {
    insert(database, table, { id, [column]: used });
    insert(database, "audit_events", { id: `event-${id}`, action, target: id, timestamp, sequence: timestamp });
  }
  database.exec(step);
  const rows = database.prepare(`SELECT id, ${column} AS value FROM ${table} ORDER BY id`).all();
  expect(rows.find(({ id }) => id === "before")?.value).toEqual(used);
  expect(rows.find(({ id }) => id === "since")?.value).toEqual(after);
});

it("names every action of the log that ends something", () => {
  const ends = auditEventNames.filter((name) => /\.(revoked|suspended|decommissioned|deleted|disabled)$/.test(name));
  // Ledgers and objects keep these; a token or a delegation that has ended stays ended.
  const kept = ["token.revoked", "delegation.revoked"];
  expect(ends.filter((name) => !kept.includes(name) && !step.includes(`'${name}'`))).toEqual([]);
});
