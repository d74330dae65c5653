/** Making a signing key, and opening its private part again. */

import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { Context } from "../platform/context.ts";
import { open, seal, sealedPlace } from "../platform/crypto/sealing.ts";
import { DependencyDown } from "../platform/dependency.ts";
import { log } from "../platform/log.ts";
import { type PublishedJwk, publishedJwkSchema, type SigningAlg } from "./schema.ts";

/** A key that can sign. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly key: CryptoKey;
}

/** A new key: the published form, and the private part as it is stored. */
export interface SealedKeyPair {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly publicJwk: PublishedJwk;
  readonly privateSealed: string;
}

const publicMembers = (alg: SigningAlg, { kty, crv, x, y, n, e }: JWK) =>
  alg === "ES256" ? { kty, crv, x, y } : { kty, n, e };

/** Makes a P-256 key (ES256) or a 2048-bit RSA key (RS256). Its `kid` is the RFC 7638 thumbprint. */
export async function newSealedKeyPair(context: Context, alg: SigningAlg): Promise<SealedKeyPair> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  const privateJwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(privateJwk, "sha256");
  const publicJwk = publishedJwkSchema.parse({ ...publicMembers(alg, privateJwk), kid, alg, use: "sig" });
  const ring = context.settings.keyEncryptionKeys;
  return {
    kid,
    alg,
    publicJwk,
    privateSealed: await seal(ring, JSON.stringify(privateJwk), sealedPlace.signingKey(kid)),
  };
}

async function imported(jwk: JWK, alg: SigningAlg): Promise<CryptoKey> {
  const key = await importJWK(jwk, alg, { extractable: false });
  if (key instanceof Uint8Array) throw new TypeError("A signing key is never symmetric");
  return key;
}

/** The published key, ready to verify. */
export function importPublicKey(jwk: PublishedJwk): Promise<CryptoKey> {
  return imported(jwk, jwk.alg);
}

/**
 * Opens the private part of a signing key.
 *
 * @throws {DependencyDown} when no key of `KEY_ENCRYPTION_KEYS` opens it: a key was taken off the list too early. Requests
 *   get 503 until it is back, and the log names the key
 */
export async function openPrivateKey(
  context: Context,
  {
    kid,
    alg,
    privateSealed,
  }: { readonly kid: string; readonly alg: SigningAlg; readonly privateSealed: string | null },
): Promise<SigningKey> {
  const ring = context.settings.keyEncryptionKeys;
  const text = privateSealed === null ? null : await open(ring, privateSealed, sealedPlace.signingKey(kid));
  if (text === null) {
    const cause = new Error(
      `The private part of signing key ${kid} cannot be opened with any key of KEY_ENCRYPTION_KEYS`,
    );
    log.error(context, cause.message, { kid, alg });
    throw new DependencyDown("The store of signing keys", cause);
  }
  return { kid, alg, key: await imported(JSON.parse(text) as JWK, alg) };
}
