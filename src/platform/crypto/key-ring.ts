/** Lists of server keys in the settings: the first is for new values, all are for old ones, so that a key changes without downtime. */
import { decodeBase64url } from "./base64url.ts";

/** One key of a ring. `bytes` (32 bytes) is a fresh copy on each read, and appears in no JSON and no console output. */
export interface RingKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

export interface KeyRing {
  /** The key for new values. */
  readonly first: RingKey;
  readonly all: readonly RingKey[];
  find(id: string): RingKey | undefined;
}

/** A class for its private field: JSON.stringify and console.log cannot reach it. */
class SecretRingKey implements RingKey {
  readonly id: string;
  readonly #bytes: Uint8Array;

  constructor(id: string, bytes: Uint8Array) {
    this.id = id;
    this.#bytes = bytes;
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice();
  }
}

const entryForm = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9_+/-]{43})=?$/;

function parseKey(entry: string): RingKey | null {
  const [, id, encoded] = entryForm.exec(entry.trim()) ?? [];
  if (id === undefined || encoded === undefined) return null;
  const bytes = decodeBase64url(encoded.replaceAll("+", "-").replaceAll("/", "_"));
  return bytes && new SecretRingKey(id, bytes);
}

/**
 * Parses `id:base64url-of-32-bytes[,id:…]`. Standard base64, one padding character and white space around an entry are
 * tolerated, as `openssl rand -base64 32` prints them.
 *
 * @returns null when any entry is malformed or an id occurs twice
 */
export function parseKeyRing(text: string): KeyRing | null {
  const parsed = text.split(",").map(parseKey);
  const all = parsed.filter((key) => key !== null);
  const byId = new Map(all.map((key) => [key.id, key]));
  const [first] = all;
  if (!first || byId.size !== parsed.length) return null;
  return { first, all, find: (id) => byId.get(id) };
}
