/** CC6.6: every stored private key is encrypted under a current key, and every secret is stored as a hash. */
import { inspectPrivateKeys, sealedTables } from "../../../keys/service.ts";
import { amount } from "../../../platform/amount.ts";
import type { Check } from "../measuring.ts";
import { continueScan, type Page } from "../scan.ts";
import { credentialPage } from "../store.ts";

/** The check decrypts each of them. */
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
  const scan = await continueScan(previous?.progress, sealedTables.length + 1, pagesEachRun, read);
  const { progress, last } = scan;
  const faults = [
    [scan.worst("unopened"), "stored keys do not decrypt"],
    [scan.worst("exposed"), "private keys are stored in clear"],
    [scan.worst("unhashed"), "secrets are not stored as hashes"],
  ] as const;
  const found = faults.flatMap(([count, what]) => (count > 0 ? [`${what}: ${count}`] : []));
  if (found.length > 0) return { status: "fail", progress, evidence: found.join("; ") };
  if (!last) return { status: "unknown", progress, evidence: "The first scan of all keys is not complete" };
  return {
    status: "pass",
    progress,
    evidence: `${amount(last.keys ?? 0, "stored key")} encrypted, ${amount(last.secrets ?? 0, "secret")} hashed`,
  };
};
