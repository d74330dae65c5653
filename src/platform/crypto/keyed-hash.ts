/**
 * Secrets are stored as HMAC-SHA-256 (RFC 2104) under a server key: a stolen database is useless without it. The secrets are 256
 * random bits, so a slow password hash would add nothing.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { KeyRing, RingKey } from "./key-ring.ts";

/** `hash` is 43 base64url characters. */
export interface KeyedHash {
  readonly keyId: string;
  readonly hash: string;
}

const hashUnder = ({ id, bytes }: RingKey, secret: string): KeyedHash => ({
  keyId: id,
  hash: createHmac("sha256", bytes).update(secret).digest("base64url"),
});

/** The hash to store for a new secret: under the ring's first key. */
export const hashSecret = (ring: KeyRing, secret: string): KeyedHash => hashUnder(ring.first, secret);

/** The hashes that a presented secret may have been stored as: one for each key of the ring, in its order. */
export const hashUnderEach = (ring: KeyRing, secret: string): KeyedHash[] =>
  ring.all.map((key) => hashUnder(key, secret));

/** Compares two values of {@link KeyedHash} in constant time (timing attack). Their length is not secret. */
export function isSameHash(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
}

/**
 * Compares two texts in constant time (timing attack). Digests both first, so that texts of different lengths take the same
 * path, and an attacker who chooses one of them does not know the compared bytes.
 */
export function constantTimeEqual(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
