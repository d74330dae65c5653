/** `npm start` with a key-encryption key that is missing: its advice names the key before it names deletion. */
import { expect, it } from "vitest";
import { adviceFor } from "../../scripts/admin.ts";
import { compareKeyIds, sealingKeyIds } from "../../scripts/sealed-keys.ts";
import { migratedDatabase } from "../support/migrated-database.ts";

it("finds the keys of all private parts, each once", () => {
  const database = migratedDatabase();
  database.exec(`
    INSERT INTO signing_keys (id, alg, state, public_jwk, private_sealed, created_at)
      VALUES ('a', 'ES256', 'current', '{}', 'v1.first.iv.text', 1), ('b', 'ES256', 'retired', '{}', NULL, 1);
    INSERT INTO agent_keys (id, agent_id, number, public_jwk, private_sealed, created_at)
      VALUES ('a', 'a', 1, '{}', 'v1.second-2.iv.text', 1), ('b', 'b', 1, '{}', 'v1.first.iv.text', 1), ('c', 'c', 1, '{}', NULL, 1);
    INSERT INTO webhook_secrets (id, subscription_id, private_sealed, created_at)
      VALUES ('a', 'a', 'v1.third_3.iv.text', 1);`);
  expect(database.prepare(sealingKeyIds).all()).toMatchObject([{ id: "first" }, { id: "second-2" }, { id: "third_3" }]);
  database.close();
});

it("compares them with the setting", () => {
  expect(compareKeyIds(["a", "b", "c"], " b:AAAA , d:BBBB")).toEqual({ present: ["b", "d"], missing: ["a", "c"] });
  expect(compareKeyIds(["a"], "")).toEqual({ present: [], missing: ["a"] });
});

it("a missing key: its name and the line to write come first, deletion last", () => {
  const advice = adviceFor('(503): {"error":"temporarily_unavailable"}', {
    present: ["local-2"],
    missing: ["local-1"],
  });
  expect(advice.split("\n")).toEqual([
    'The admin of .local/admin.env cannot sign in (503): {"error":"temporarily_unavailable"}',
    "The database needs a key that KEY_ENCRYPTION_KEYS in .dev.vars does not have: local-1",
    "Add it again at the end, and everything works as before: KEY_ENCRYPTION_KEYS=local-2:…,local-1:…",
    "Only if it is lost, start over with an empty database: rm -rf .wrangler .local",
  ]);
});

it("no missing key: the files do not belong together", () => {
  expect(adviceFor("(401): {}", { present: ["local-1"], missing: [] })).toContain("do not belong together");
});
