/** Signs client assertions (RFC 7523) with WebCrypto, or by a callback where the key is kept elsewhere. */
import { configError } from "./errors.ts";

/** Signs the bytes. ECDSA signatures are `r` and `s`, 32 bytes each (RFC 7518 3.4). */
export type SignCallback = (bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array;

/** A key of WebCrypto. Not every runtime's types have a name for it. */
export type WebCryptoKey = Extract<Awaited<ReturnType<typeof crypto.subtle.generateKey>>, { type: string }>;

/** A JSON Web Key (RFC 7517), as far as the library reads it. */
export interface JWK {
  readonly kty?: string | undefined;
  readonly crv?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
  readonly d?: string | undefined;
  readonly n?: string | undefined;
  readonly e?: string | undefined;
  readonly p?: string | undefined;
  readonly q?: string | undefined;
  readonly dp?: string | undefined;
  readonly dq?: string | undefined;
  readonly qi?: string | undefined;
  readonly alg?: string | undefined;
  readonly kid?: string | undefined;
}

/** A private key: a JWK, a key of WebCrypto, a PKCS#8 PEM, or what signs in its place. */
export type AssertionKey = JWK | WebCryptoKey | string | SignCallback;

export interface Signer {
  /** A compact JWS of the claims. */
  readonly sign: (claims: Readonly<Record<string, unknown>>) => Promise<string>;
}

interface Algorithm {
  readonly imported: RsaHashedImportParams | EcKeyImportParams | { readonly name: string };
  readonly signed: EcdsaParams | RsaPssParams | { readonly name: string };
}

const algorithms: Readonly<Record<string, Algorithm>> = {
  ES256: { imported: { name: "ECDSA", namedCurve: "P-256" }, signed: { name: "ECDSA", hash: "SHA-256" } },
  EdDSA: { imported: { name: "Ed25519" }, signed: { name: "Ed25519" } },
  Ed25519: { imported: { name: "Ed25519" }, signed: { name: "Ed25519" } },
  RS256: {
    imported: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    signed: { name: "RSASSA-PKCS1-v1_5" },
  },
  PS256: { imported: { name: "RSA-PSS", hash: "SHA-256" }, signed: { name: "RSA-PSS", saltLength: 32 } },
};

/** Base64url without padding (RFC 7515 2). */
export function base64url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const jsonBytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function algorithmOf(jwk: JWK): string {
  const byType: Readonly<Record<string, string>> = { EC: "ES256", OKP: "EdDSA", RSA: "RS256" };
  return jwk.alg ?? byType[jwk.kty ?? ""] ?? "";
}

async function fromPem(pem: string, alg: string | undefined): Promise<readonly [WebCryptoKey, string]> {
  const [, base64 = ""] = /-----BEGIN PRIVATE KEY-----([\s\S]+?)-----END PRIVATE KEY-----/.exec(pem) ?? [];
  if (base64 === "") throw configError("The key is no PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`).");
  const bytes = Uint8Array.from(atob(base64.replace(/\s/g, "")), (char) => char.charCodeAt(0));
  // The form names the kind of key; the one algorithm that fits imports it.
  for (const name of alg ? [alg] : ["ES256", "EdDSA", "RS256"]) {
    const imported = algorithms[name]?.imported;
    if (!imported) break;
    const key = await crypto.subtle.importKey("pkcs8", bytes, imported, false, ["sign"]).catch(() => null);
    if (key) return [key, name];
  }
  throw configError("The key cannot be read: it must be P-256, Ed25519 or RSA.");
}

async function imported(
  key: JWK | WebCryptoKey | string,
  alg: string | undefined,
): Promise<readonly [WebCryptoKey, string]> {
  if (typeof key === "string") return fromPem(key, alg);
  if ("algorithm" in key) return [key, alg ?? "ES256"];
  const name = alg ?? algorithmOf(key);
  const algorithm = algorithms[name]?.imported;
  if (!algorithm) throw configError(`The key's algorithm must be one of ${Object.keys(algorithms).join(", ")}.`);
  const { kty, crv, x, y, d, n, e, p, q, dp, dq, qi } = key;
  // Only the numbers: `key_ops` and `use` of a stored key could forbid what it is for.
  const numbers = Object.entries({ kty, crv, x, y, d, n, e, p, q, dp, dq, qi }).filter(([, value]) => value);
  const read = await crypto.subtle
    .importKey("jwk", Object.fromEntries(numbers), algorithm, false, ["sign"])
    .catch(() => null);
  if (!read) throw configError("The JWK is no private key that can sign.");
  return [read, name];
}

/** @throws {AgentIdPError} `Config` for a key that cannot sign */
export async function assertionSigner(
  key: AssertionKey,
  alg: string | undefined,
  givenKid: string | undefined,
): Promise<Signer> {
  const kid = givenKid ?? (typeof key === "object" && "kid" in key ? String(key.kid) : undefined);
  let name = alg ?? "ES256";
  let signBytes: SignCallback;
  if (typeof key === "function") {
    signBytes = key;
  } else {
    const [cryptoKey, found] = await imported(key, alg);
    name = found;
    const signed = algorithms[found]?.signed ?? { name: found };
    signBytes = async (bytes) =>
      new Uint8Array(await crypto.subtle.sign(signed, cryptoKey, bytes as Uint8Array<ArrayBuffer>));
  }
  const header = base64url(jsonBytes({ alg: name, typ: "JWT", ...(kid === undefined ? {} : { kid }) }));
  return {
    sign: async (claims) => {
      const input = `${header}.${base64url(jsonBytes(claims))}`;
      return `${input}.${base64url(await signBytes(new TextEncoder().encode(input)))}`;
    },
  };
}
