/** Encryption of secrets at rest: AES-256-GCM (NIST SP 800-38D) under a key ring, each value bound to the place where it is stored. */
import { decodeUtf8 } from "../utf8.ts";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import type { KeyRing, RingKey } from "./key-ring.ts";

const ivBytes = 12;
const sealedForm = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{22,})$/;

/** Keys, not promises: a promise belongs to the request that created it, and another request may wait for it forever. */
const imported = new WeakMap<RingKey, CryptoKey>();

async function aesKey(ringKey: RingKey): Promise<CryptoKey> {
  const present = imported.get(ringKey);
  if (present) return present;
  const key = await crypto.subtle.importKey("raw", ringKey.bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  imported.set(ringKey, key);
  return key;
}

/** The places of sealed values. A value opens only in its own place, so a value moved to another row does not open. */
export const sealedPlace = {
  signingKey: (kid: string) => `signing-key:${kid}`,
  agentKey: (id: string) => `agent-key:${id}`,
  webhookSecret: (id: string) => `webhook-secret:${id}`,
  idempotentAnswer: (claimId: string) => `idempotent-answer:${claimId}`,
};

const encoder = new TextEncoder();

/** Authenticates the version and the key id with the place, so that no part of a sealed value can be changed. */
function parameters(keyId: string, iv: Uint8Array, place: string) {
  return { name: "AES-GCM", iv, additionalData: encoder.encode(`v1.${keyId}.${place}`) };
}

/**
 * Encrypts a text under the ring's first key.
 *
 * @param place where the value will be stored, one of {@link sealedPlace}; authenticated and not stored
 * @returns `v1.<key id>.<iv>.<ciphertext and tag>`, the last two in base64url
 */
export async function seal(ring: KeyRing, plaintext: string, place: string): Promise<string> {
  const { first } = ring;
  const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
  const key = await aesKey(first);
  const ciphertext = await crypto.subtle.encrypt(parameters(first.id, iv, place), key, encoder.encode(plaintext));
  return `v1.${first.id}.${encodeBase64url(iv)}.${encodeBase64url(new Uint8Array(ciphertext))}`;
}

/**
 * Decrypts a value of {@link seal}.
 *
 * @returns null when the value is malformed, its key is not in the ring, or it was changed or made for another place
 */
export async function open(ring: KeyRing, sealed: string, place: string): Promise<string | null> {
  const [, keyId = "", encodedIv = "", encodedCiphertext = ""] = sealedForm.exec(sealed) ?? [];
  const ringKey = ring.find(keyId);
  const iv = decodeBase64url(encodedIv);
  const ciphertext = decodeBase64url(encodedCiphertext);
  if (!ringKey || !iv || !ciphertext) return null;
  const key = await aesKey(ringKey);
  try {
    return decodeUtf8(await crypto.subtle.decrypt(parameters(keyId, iv, place), key, ciphertext));
  } catch {
    return null;
  }
}

/** The reason why a value does not {@link open}, for the log: it names the key that the operator must add again. */
export function whyNotOpened(ring: KeyRing, sealed: string): string {
  const [, keyId] = sealedForm.exec(sealed) ?? [];
  if (keyId === undefined) return "it is malformed";
  if (!ring.find(keyId)) return `it is sealed with ${keyId}, which is not in the list`;
  return `${keyId} has another value in the list than when it was sealed, or it was changed`;
}
