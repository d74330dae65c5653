/** The key-encryption keys that the local database needs. */
import { devVarsPath, readAssignments } from "./files.ts";
import { runWrangler } from "./wrangler.ts";

/** The ids of the keys that have sealed a private part, `v1.<key id>.…`. One that was removed is empty or null. */
export const sealingKeyIds = `SELECT DISTINCT substr(rest, 1, instr(rest, '.') - 1) AS id FROM (
    SELECT substr(private_sealed, 4) AS rest FROM signing_keys WHERE private_sealed LIKE 'v1.%'
    UNION SELECT substr(private_sealed, 4) FROM agent_keys WHERE private_sealed LIKE 'v1.%'
    UNION SELECT substr(private_sealed, 4) FROM webhook_secrets WHERE private_sealed LIKE 'v1.%'
  ) ORDER BY id`;

/** Ids of key-encryption keys. */
export interface KeyIds {
  /** Those in `.dev.vars`. */
  readonly present: readonly string[];
  /** Those that the database needs, and that are not in `.dev.vars`. */
  readonly missing: readonly string[];
}

/** @param setting the value of `KEY_ENCRYPTION_KEYS` */
export function compareKeyIds(needed: readonly string[], setting: string): KeyIds {
  const ids = setting.split(",").map((entry) => entry.trim().split(":", 1)[0] ?? "");
  const present = ids.filter((id) => id !== "");
  return { present, missing: needed.filter((id) => !present.includes(id)) };
}

/** Compares the local database with `.dev.vars`. */
export function localKeyIds(): KeyIds {
  const json = runWrangler("d1", "execute", "DB", "--local", "--json", "--command", sealingKeyIds);
  const [answer] = JSON.parse(json) as { results: { id: string }[] }[];
  const needed = answer?.results.map(({ id }) => id) ?? [];
  return compareKeyIds(needed, readAssignments(devVarsPath).get("KEY_ENCRYPTION_KEYS") ?? "");
}
