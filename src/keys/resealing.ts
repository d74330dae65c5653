/** Changing the key-encryption key without downtime: what an older key of the list sealed is sealed anew with the first. */

import type { BatchItem } from "drizzle-orm/batch";
import type { Context } from "../platform/context.ts";
import { open, seal, sealedPlace } from "../platform/crypto/sealing.ts";
import { log } from "../platform/log.ts";
import { replaceSealed, rowsSealedWith, type SealedRow, type SealedTable } from "./store.ts";

const rowsAtMost = 100;
/** While two keys are listed, the tables that are large are searched from end to end this often. */
const searchIntervalSeconds = 3600;

/** The place that each private part is sealed to. */
export const sealedIn: Readonly<Record<SealedTable, (id: string) => string>> = {
  signing_keys: sealedPlace.signingKey,
  agent_keys: sealedPlace.agentKey,
  webhook_secrets: sealedPlace.webhookSecret,
};

async function resealed(context: Context, table: SealedTable, row: SealedRow): Promise<BatchItem<"sqlite">[]> {
  const ring = context.settings.keyEncryptionKeys;
  const place = sealedIn[table](row.id);
  const text = await open(ring, row.privateSealed, place);
  if (text !== null) return [replaceSealed(context, table, row, await seal(ring, text, place))];
  log.error(context, "a private key cannot be opened with KEY_ENCRYPTION_KEYS", { table, id: row.id });
  return [];
}

/** Seals some rows anew; answers with how many were found. */
async function resealSome(context: Context, table: SealedTable, keyIds: readonly string[]): Promise<number> {
  const rows = await rowsSealedWith(context, table, keyIds, rowsAtMost);
  const [first, ...rest] = (await Promise.all(rows.map((row) => resealed(context, table, row)))).flat();
  if (first) await context.db.batch([first, ...rest]);
  return rows.length;
}

/** Seals at most 100 private parts of each table anew. Costs nothing while the list has one key. */
export async function resealPrivateKeys(context: Context): Promise<void> {
  const { first, all } = context.settings.keyEncryptionKeys;
  const older = all.filter(({ id }) => id !== first.id).map(({ id }) => id);
  if (older.length === 0) return;
  await resealSome(context, "signing_keys", older);
  // Only a note that saves reading a large table every minute: without it, or with a wrong one, nothing breaks.
  const note = `resealed:${[first.id, ...older].join(",")}`;
  if ((await context.env.CACHE.get(note).catch(() => null)) !== null) return;
  const found = [await resealSome(context, "agent_keys", older), await resealSome(context, "webhook_secrets", older)];
  if (found.some((count) => count > 0)) return;
  await context.env.CACHE.put(note, "1", { expirationTtl: searchIntervalSeconds }).catch(() => undefined);
}
