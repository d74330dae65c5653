/** Every key that ever signed, to verify signatures for longer than their key is published. */
import type { Context } from "../platform/context.ts";
import { importPublicKey } from "./key-pairs.ts";
import { type PublishedJwk, publishedJwkSchema, type SigningAlg } from "./schema.ts";
import { everyRow } from "./store.ts";

/** A signing key of any state. */
export interface KeyRecord {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly publicJwk: PublishedJwk;
  /** Milliseconds since the epoch; null for a key that is not compromised. */
  readonly compromisedAtMs: number | null;
  /** Imports the public part on the first call. */
  verificationKey(): Promise<CryptoKey>;
}

/** All keys by their `kid`, with retired and compromised ones. A malformed row is left out. */
export async function keyRecords(context: Context): Promise<ReadonlyMap<string, KeyRecord>> {
  const records = new Map<string, KeyRecord>();
  for (const { id: kid, alg, publicJwk: stored, compromisedAt: compromisedAtMs } of await everyRow(context)) {
    const { data: publicJwk } = publishedJwkSchema.safeParse(stored);
    if (publicJwk?.kid !== kid || publicJwk.alg !== alg) continue;
    let imported: Promise<CryptoKey> | undefined;
    const verificationKey = () => {
      imported ??= importPublicKey(publicJwk);
      return imported;
    };
    records.set(kid, { kid, alg, publicJwk, compromisedAtMs, verificationKey });
  }
  return records;
}
