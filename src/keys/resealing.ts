/** Changes the key-encryption key without downtime: seals again, with the first key of the list, what an older key has sealed. */
import type { Context } from "../platform/context.ts";
import { open, seal, sealedPlace, whyNotOpened } from "../platform/crypto/sealing.ts";
import { log } from "../platform/log.ts";
import { type Resealed, replaceSealed, rowsSealedWith, type SealedRow, type SealedTable } from "./store.ts";

const rowsAtMost = 100;
/** How often the large tables are searched while the list has two keys. */
const searchIntervalSeconds = 3600;

/** The place of the private parts of a table, for `seal` and `open`. */
export const placeIn: Readonly<Record<SealedTable, (id: string) => string>> = {
  signing_keys: sealedPlace.signingKey,
  agent_keys: sealedPlace.agentKey,
  webhook_secrets: sealedPlace.webhookSecret,
};

async function resealed(context: Context, table: SealedTable, row: SealedRow): Promise<Resealed[]> {
  const ring = context.settings.keyEncryptionKeys;
  const place = placeIn[table](row.id);
  const text = await open(ring, row.privateSealed, place);
  if (text !== null) return [{ ...row, sealed: await seal(ring, text, place) }];
  const reason = whyNotOpened(ring, row.privateSealed);
  log.error(context, "a private key cannot be opened with KEY_ENCRYPTION_KEYS", { table, id: row.id, reason });
  return [];
}

/** Seals at most 100 rows again; returns how many were found. */
async function resealSome(context: Context, table: SealedTable, keyIds: readonly string[]): Promise<number> {
  const rows = await rowsSealedWith(context, table, keyIds, rowsAtMost);
  const replaced = (await Promise.all(rows.map((row) => resealed(context, table, row)))).flat();
  if (replaced.length > 0) await replaceSealed(context, table, replaced);
  return rows.length;
}

/** Seals at most 100 private parts of each table again. No I/O while the list has one key. */
export async function resealPrivateKeys(context: Context): Promise<void> {
  const { first, all } = context.settings.keyEncryptionKeys;
  const older = all.filter(({ id }) => id !== first.id).map(({ id }) => id);
  if (older.length === 0) return;
  await resealSome(context, "signing_keys", older);
  // The note only avoids that large tables are read every minute. A missing or wrong note breaks nothing.
  const note = `resealed:${[first.id, ...older].join(",")}`;
  if ((await context.env.CACHE.get(note).catch(() => null)) !== null) return;
  const found = [await resealSome(context, "agent_keys", older), await resealSome(context, "webhook_secrets", older)];
  if (found.some((count) => count > 0)) return;
  await context.env.CACHE.put(note, "1", { expirationTtl: searchIntervalSeconds }).catch(() => undefined);
}
