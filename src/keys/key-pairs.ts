/** Signing keys: creating a key pair, and opening its private part. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { Context } from "../platform/context.ts";
import { open, seal, sealedPlace, whyNotOpened } from "../platform/crypto/sealing.ts";
import { DependencyDown } from "../platform/dependency.ts";
import { log } from "../platform/log.ts";
import { type PublishedJwk, publishedJwkSchema, type SigningAlg } from "./schema.ts";

export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly key: CryptoKey;
}

/** A new key: its published form, and its sealed private part. */
export interface SealedKeyPair {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly publicJwk: PublishedJwk;
  readonly privateSealed: string;
}

const publicMembers = (alg: SigningAlg, { kty, crv, x, y, n, e }: JWK) =>
  alg === "ES256" ? { kty, crv, x, y } : { kty, n, e };

/** Creates a P-256 key (ES256) or a 2048-bit RSA key (RS256). Its `kid` is the RFC 7638 thumbprint. */
export async function newSealedKeyPair(context: Context, alg: SigningAlg): Promise<SealedKeyPair> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  const privateJwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(privateJwk, "sha256");
  const publicJwk = publishedJwkSchema.parse({ ...publicMembers(alg, privateJwk), kid, alg, use: "sig" });
  const ring = context.settings.keyEncryptionKeys;
  const privateSealed = await seal(ring, JSON.stringify(privateJwk), sealedPlace.signingKey(kid));
  return { kid, alg, publicJwk, privateSealed };
}

async function imported(jwk: JWK, alg: SigningAlg): Promise<CryptoKey> {
  const key = await importJWK(jwk, alg, { extractable: false });
  if (key instanceof Uint8Array) throw new TypeError("A signing key is never symmetric");
  return key;
}

/** Imports a published key for verification. */
export const importPublicKey = (jwk: PublishedJwk): Promise<CryptoKey> => imported(jwk, jwk.alg);

interface SealedKey extends Pick<SealedKeyPair, "kid" | "alg"> {
  readonly privateSealed: string | null;
}

/**
 * Opens the private part of a signing key.
 *
 * @throws {DependencyDown} when no key of `KEY_ENCRYPTION_KEYS` opens it: a key was removed from the list too early. Requests
 *   get 503 until it is in the list again, and the log has the `kid`
 */
export async function openPrivateKey(context: Context, { kid, alg, privateSealed }: SealedKey): Promise<SigningKey> {
  const ring = context.settings.keyEncryptionKeys;
  const text = privateSealed === null ? null : await open(ring, privateSealed, sealedPlace.signingKey(kid));
  if (text === null) {
    const reason = privateSealed === null ? "it was deleted" : whyNotOpened(ring, privateSealed);
    const cause = new Error(
      `The private part of signing key ${kid} cannot be opened with any key of KEY_ENCRYPTION_KEYS: ${reason}`,
    );
    log.error(context, cause.message, { kid, alg });
    throw new DependencyDown("The store of signing keys", cause);
  }
  return { kid, alg, key: await imported(JSON.parse(text) as JWK, alg) };
}
