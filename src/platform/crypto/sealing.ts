/** Encryption of secrets at rest: AES-256-GCM (NIST SP 800-38D) under a key ring, each value bound to the place where it is stored. */
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { importOnce, type KeyRing } from "./key-ring.ts";

const ivBytes = 12;
const sealedForm = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{22,})$/;

const aesKey = importOnce((bytes) => crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]));

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The version and the key id are authenticated with the context, so no part of a sealed value can be changed. */
function parameters(keyId: string, iv: Uint8Array, context: string) {
  return { name: "AES-GCM", iv, additionalData: encoder.encode(`v1.${keyId}.${context}`) };
}

/**
 * Encrypts a text under the ring's first key.
 *
 * @param context where the value will be stored, such as `agent_keys/{id}`; authenticated and not stored, so a value that
 *   somebody moves to another row does not open there
 * @returns `v1.<key id>.<iv>.<ciphertext and tag>`, the last two in base64url
 *
 * @example
 * ```ts
 * const privateSealed = await seal(settings.keyEncryptionKeys, JSON.stringify(privateJwk), `signing_keys/${kid}`);
 * ```
 */
export async function seal(ring: KeyRing, plaintext: string, context: string): Promise<string> {
  const { first } = ring;
  const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
  const key = await aesKey(first);
  const ciphertext = await crypto.subtle.encrypt(parameters(first.id, iv, context), key, encoder.encode(plaintext));
  return `v1.${first.id}.${encodeBase64url(iv)}.${encodeBase64url(new Uint8Array(ciphertext))}`;
}

/**
 * Decrypts what {@link seal} made.
 *
 * @returns null when the value is malformed, its key is not in the ring, or it was changed or made for another context
 */
export async function open(ring: KeyRing, sealed: string, context: string): Promise<string | null> {
  const [, keyId = "", encodedIv = "", encodedCiphertext = ""] = sealedForm.exec(sealed) ?? [];
  const ringKey = ring.find(keyId);
  const iv = decodeBase64url(encodedIv);
  const ciphertext = decodeBase64url(encodedCiphertext);
  if (!ringKey || !iv || !ciphertext) return null;
  const key = await aesKey(ringKey);
  try {
    return decoder.decode(await crypto.subtle.decrypt(parameters(keyId, iv, context), key, ciphertext));
  } catch {
    return null;
  }
}

/** The id of the key that a value was sealed with, to find what must be sealed anew after a key was changed; null when malformed. */
export function sealedWith(sealed: string): string | null {
  return sealedForm.exec(sealed)?.[1] ?? null;
}
