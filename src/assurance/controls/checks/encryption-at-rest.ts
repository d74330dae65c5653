/** CC6.6: every stored private key opens with the present list of keys, nothing lies in clear, secrets are hashes. */
import { inspectPrivateKeys, sealedTables } from "../../../keys/service.ts";
import { amount } from "../../../platform/amount.ts";
import type { Check } from "../measuring.ts";
import { credentialPage } from "../store.ts";
import { type Page, sweepOn } from "../sweep.ts";

/** Each private part is decrypted. */
const keysAtOnce = 200;
const credentialsAtOnce = 5_000;
const pagesEachRun = 6;

export const encryptionAtRest: Check = async (context, { previous }) => {
  const read = async (place: number, after: string | null): Promise<Page> => {
    const table = sealedTables[place];
    if (table) {
      const { checked, unopened, exposed, next } = await inspectPrivateKeys(context, table, after, keysAtOnce);
      return { counts: { keys: checked, unopened, exposed }, next };
    }
    const { checked, unhashed, lastId } = await credentialPage(context, after, credentialsAtOnce);
    return { counts: { secrets: checked, unhashed }, next: checked < credentialsAtOnce ? null : lastId };
  };
  const sweep = await sweepOn(previous?.progress, sealedTables.length + 1, pagesEachRun, read);
  const { progress, last } = sweep;
  const faults = [
    [sweep.worst("unopened"), "stored keys do not decrypt"],
    [sweep.worst("exposed"), "private keys are stored in clear"],
    [sweep.worst("unhashed"), "secrets are not stored as hashes"],
  ] as const;
  const found = faults.flatMap(([count, what]) => (count > 0 ? [`${what}: ${count}`] : []));
  if (found.length > 0) return { status: "fail", progress, evidence: found.join("; ") };
  if (!last) return { status: "unknown", progress, evidence: "The first search of all keys is under way" };
  return {
    status: "pass",
    progress,
    evidence: `${amount(last.keys ?? 0, "stored key")} encrypted, ${amount(last.secrets ?? 0, "secret")} hashed`,
  };
};
