/** Key rings for the tests: one old key, one new, and the ring between that holds both. */
import { type KeyRing, parseKeyRing } from "../../../src/platform/crypto/key-ring.ts";

export const oldKey = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
export const newKey = "new:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";

export function ringOf(...entries: string[]): KeyRing {
  const ring = parseKeyRing(entries.join(","));
  if (!ring) throw new Error("the test's key ring is malformed");
  return ring;
}
