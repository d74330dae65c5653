/** What counts the values that a key-encryption key has sealed: the queries of the docs, and `npm start`. A removed value counts nowhere. */
import { readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, it } from "vitest";
import { adviceFor } from "../../scripts/admin.ts";
import { compareKeyIds, sealingKeyIds } from "../../scripts/sealed-keys.ts";
import { migratedDatabase } from "../support/migrated-database.ts";

let database: DatabaseSync;

/** Rows whose private part is sealed with this key, and rows without one: never stored (null), or removed (empty). */
beforeEach(() => {
  database = migratedDatabase();
  const columns = "public_jwk, private_sealed, created_at";
  database.exec(`
    INSERT INTO signing_keys (id, alg, state, ${columns}) VALUES ('a', 'ES256', 'current', '{}', 'v1.2027-01.iv.text', 1),
      ('b', 'ES256', 'retired', '{}', NULL, 1), ('c', 'ES256', 'retired', '{}', '', 1);
    INSERT INTO agent_keys (id, agent_id, number, ${columns}) VALUES ('a', 'a', 1, '{}', 'v1.2027-01.iv.text', 1),
      ('b', 'b', 1, '{}', NULL, 1), ('c', 'c', 1, '{}', '', 1);
    INSERT INTO webhook_secrets (id, subscription_id, private_sealed, created_at) VALUES ('a', 'a', 'v1.2027-01.iv.text', 1),
      ('b', 'b', '', 1);`);
  return () => database.close();
});

const tables = ["signing_keys", "agent_keys", "webhook_secrets"] as const;
const seal = (table: string, id: string) =>
  database.exec(`UPDATE ${table} SET private_sealed = 'v1.${id}.iv.text' WHERE id = 'a'`);

describe("docs/deploy.md, the encryption key: the count of the rest", () => {
  const [, query = ""] = /Count the rest,.*?--command "(.*?)"/s.exec(readFileSync("docs/deploy.md", "utf8")) ?? [];
  const leftOver = () =>
    Object.fromEntries(
      database
        .prepare(query)
        .all()
        .map((row) => [row.stored_in, row.left_over]),
    );

  it("is 0 when all is sealed with the new key", () => {
    expect(leftOver()).toEqual({ signing_keys: 0, agent_keys: 0, webhook_secrets: 0 });
  });

  it.each(tables)("counts what the old key still seals in %s", (table) => {
    seal(table, "2026-01");
    expect(leftOver()).toEqual({ signing_keys: 0, agent_keys: 0, webhook_secrets: 0, [table]: 1 });
  });
});

describe("docs/storage.md, changing the keys: the count of the old key", () => {
  const [, query = ""] =
    /`(SELECT count\(\*\) FROM agent_keys WHERE [^`]*)`/.exec(readFileSync("docs/storage.md", "utf8")) ?? [];
  const counts = () =>
    tables.map((table) => {
      const sql = query.replace("agent_keys", table).replace("<old id>", "2026-01");
      return Object.values(database.prepare(sql).get() ?? {})[0];
    });

  it("is 0 when all is sealed with the new key, and else names its table", () => {
    expect(counts()).toEqual([0, 0, 0]);
    for (const table of tables) seal(table, "2026-01");
    expect(counts()).toEqual([1, 1, 1]);
  });
});

describe("npm start, when its admin cannot sign in", () => {
  const advice = (setting: string) => {
    const needed = database
      .prepare(sealingKeyIds)
      .all()
      .map(({ id }) => String(id));
    return adviceFor("(503): {}", compareKeyIds(needed, setting));
  };

  it("names the id that KEY_ENCRYPTION_KEYS does not have", () => {
    expect(advice("local-2:AAAA")).toContain("does not have: 2027-01\n");
    expect(advice("local-2:AAAA,")).toContain("KEY_ENCRYPTION_KEYS=local-2:…,2027-01:…\n");
  });

  it("the right id with another value, typed or made anew for a deleted line: the old value comes first, deletion last", () => {
    const lines = advice("2027-01:BBBB").split("\n");
    expect(lines.slice(1)).toEqual([
      "Probably .local/admin.env, .dev.vars and the database in .wrangler do not belong together.",
      "If KEY_ENCRYPTION_KEYS or SECRET_HASH_KEYS of .dev.vars was changed, or deleted and made anew, put the old value back: everything works as before.",
      "To start over with an empty database: rm -rf .wrangler .local",
    ]);
  });
});
