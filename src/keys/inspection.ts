/** Inspects the stored private parts: each must be sealed with a key of `KEY_ENCRYPTION_KEYS`. */
import type { Context } from "../platform/context.ts";
import { open } from "../platform/crypto/sealing.ts";
import { placeIn } from "./resealing.ts";
import { type SealedTable, storedKeysAfter } from "./store.ts";

export { sealedTables } from "./store.ts";

/** The counts of a page of rows. */
export interface KeyInspection {
  readonly checked: number;
  /** Private parts that no key of `KEY_ENCRYPTION_KEYS` opens. */
  readonly unopened: number;
  /** Rows whose public part holds private members. */
  readonly exposed: number;
  /** The last id of the page; null on the last page. */
  readonly next: string | null;
}

/** RFC 7518 6.2.2, 6.3.2, RFC 8037 2: `d` is the private member of every kind of key. */
const holdsPrivateMember = (publicJwk: string | null) => publicJwk !== null && /"d"\s*:/.test(publicJwk);

/** Inspects the rows after an id, in the order of ids. */
export async function inspectPrivateKeys(
  context: Context,
  table: SealedTable,
  after: string | null,
  limit: number,
): Promise<KeyInspection> {
  const ring = context.settings.keyEncryptionKeys;
  const rows = await storedKeysAfter(context, table, after, limit);
  const sealed = rows.flatMap(({ id, privateSealed }) =>
    privateSealed === null || privateSealed === "" ? [] : [{ id, privateSealed }],
  );
  const opened = await Promise.all(sealed.map((row) => open(ring, row.privateSealed, placeIn[table](row.id))));
  return {
    checked: sealed.length,
    unopened: opened.filter((text) => text === null).length,
    exposed: rows.filter(({ publicJwk }) => holdsPrivateMember(publicJwk)).length,
    next: rows.length < limit ? null : (rows.at(-1)?.id ?? null),
  };
}
