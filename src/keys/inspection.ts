/** Looking at private parts as they are stored: whether each can still be opened, and none lies there in clear. */
import type { Context } from "../platform/context.ts";
import { open } from "../platform/crypto/sealing.ts";
import { sealedIn } from "./resealing.ts";
import { type SealedTable, storedKeysAfter } from "./store.ts";

export { sealedTables } from "./store.ts";

/** What a page of rows holds. */
export interface KeyInspection {
  /** Private parts that were looked at. */
  readonly checked: number;
  /** Those that no key of `KEY_ENCRYPTION_KEYS` opens, whatever else they are. */
  readonly unopened: number;
  /** Rows whose public part holds private members. */
  readonly exposed: number;
  /** The id to go on after; null at the end. */
  readonly next: string | null;
}

/** RFC 7518 6.2.2, 6.3.2, RFC 8037 2: `d` is the private member of every kind of key. */
function holdsPrivateMember(publicJwk: string | null): boolean {
  return publicJwk !== null && /"d"\s*:/.test(publicJwk);
}

/** Inspects the rows after an id, in the order of ids. */
export async function inspectPrivateKeys(
  context: Context,
  table: SealedTable,
  after: string | null,
  limit: number,
): Promise<KeyInspection> {
  const ring = context.settings.keyEncryptionKeys;
  const rows = await storedKeysAfter(context, table, after, limit);
  const sealed = rows.flatMap(({ id, privateSealed }) => (privateSealed === null ? [] : [{ id, privateSealed }]));
  const opened = await Promise.all(sealed.map((row) => open(ring, row.privateSealed, sealedIn[table](row.id))));
  return {
    checked: sealed.length,
    unopened: opened.filter((text) => text === null).length,
    exposed: rows.filter(({ publicJwk }) => holdsPrivateMember(publicJwk)).length,
    next: rows.length < limit ? null : (rows.at(-1)?.id ?? null),
  };
}
