/** Strict parsing of compact JWS (RFC 7515 3.1). An irregular token is refused before its content causes any look-up. */
import { compactVerify, errors, type JWK, type JWTPayload } from "jose";
import { decodeUtf8 } from "../utf8.ts";
import { decodeBase64url } from "./base64url.ts";

/** The header members that this service reads. */
export interface JwsHeader {
  readonly alg: string;
  readonly typ?: string;
  readonly kid?: string;
}

export interface ReadJws {
  readonly header: JwsHeader;
  /** The claims, not yet verified. */
  readonly payload: JWTPayload;
}

/** Key ids that we make or accept. Path and SQL characters are out, so that an id is safe wherever it is looked up. */
export const keyIdForm = /^[A-Za-z0-9_.:#%-]{1,256}$/;

const maxLength = 16 * 1024;

/** Members that no header may have, each with its attack. */
const refusedMembers = [
  // Critical extensions change the meaning of a token (RFC 7515 4.1.11). None is supported, and a library that ignores one
  // accepts a token with another meaning than its sender's.
  "crit",
  // Unencoded payload (RFC 7797): the signed bytes are then not the ones that we decoded.
  "b64",
] as const;

/** The same for tokens that are made for this service, which need none of these. A foreign token may have them: they are ignored. */
const keyMembers = [
  // Key injection: the token contains the key that "verifies" it (CVE-2018-0114).
  "jwk",
  // The same with a certificate chain in the token.
  "x5c",
  // Key injection by URL. It also makes this service call an address that the attacker chooses (SSRF).
  "jku",
  "x5u",
] as const;

function parseObject(segment: string): Record<string, unknown> | null {
  const bytes = decodeBase64url(segment);
  if (!bytes) return null;
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes) ?? "");
    return typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

const isText = (value: unknown) => value === undefined || typeof value === "string";

/** The member for which every header with it is refused, or null. */
export function headerFault(header: Record<string, unknown>): string | null {
  const { alg, typ, kid } = header;
  const refused = refusedMembers.find((member) => Object.hasOwn(header, member));
  if (refused) return refused;
  // `none` is a token without a signature (RFC 8725 3.2). HS* is algorithm confusion: the attacker makes the HMAC with the
  // public key, and the verifier uses that key as the secret (RFC 8725 2.1).
  if (typeof alg !== "string" || alg === "" || /^(none|hs.*)$/i.test(alg)) return "alg";
  if (!isText(typ)) return "typ";
  return isText(kid) ? null : "kid";
}

/** The same for a token that was made for this service. */
export function ownHeaderFault(header: Record<string, unknown>): string | null {
  const fault = headerFault(header) ?? keyMembers.find((member) => Object.hasOwn(header, member));
  if (fault) return fault;
  return header.kid === undefined || keyIdForm.test(header.kid as string) ? null : "kid";
}

const isOwnHeader = (header: Record<string, unknown>): header is Record<string, unknown> & JwsHeader =>
  ownHeaderFault(header) === null;

/** The segments of a text that should be a compact JWS. Nothing is verified. */
interface Segments {
  /** Whether it is at most 16 KiB and has exactly three non-empty segments, the third of canonical base64url. */
  readonly isWhole: boolean;
  /** null unless it is a JSON object in canonical base64url. */
  readonly header: Record<string, unknown> | null;
  /** The same. */
  readonly payload: JWTPayload | null;
}

/** Splits and decodes a compact JWS. */
export function parseJws(token: string): Segments {
  if (token.length > maxLength) return { isWhole: false, header: null, payload: null };
  const segments = token.split(".", 4);
  const [first = "", second = "", third = ""] = segments;
  const isWhole = segments.length === 3 && third !== "" && decodeBase64url(third) !== null;
  return { isWhole, header: parseObject(first), payload: parseObject(second) };
}

/**
 * Reads a compact JWS that was made for this service, with a JSON object as payload, without verifying it.
 *
 * @returns null unless it is at most 16 KiB, has exactly three non-empty segments of canonical base64url, and its header is
 *   a JSON object with an asymmetric `alg`, no member that brings a key or changes the rules, and, if any, a plain `kid`
 */
export function readJws(token: string): ReadJws | null {
  const { isWhole, header, payload } = parseJws(token);
  return isWhole && header && payload && isOwnHeader(header) ? { header, payload } : null;
}

/** RFC 7515 4.1.9: a `typ` without a slash has the prefix `application/`. Media types are case-insensitive. */
export const mediaType = (typ: string) => (typ.includes("/") ? typ : `application/${typ}`).toLowerCase();

/** The copies of Ed25519 keys without `alg`, one for each key: jose imports a JWK once for each object. */
const withoutAlg = new WeakMap<JWK, JWK>();

/** EdDSA and Ed25519 are one algorithm (RFC 9864 2.2): a key with one name verifies the other. jose compares the names. */
function underBothNames(key: CryptoKey | JWK): CryptoKey | JWK {
  if (!("kty" in key) || key.crv !== "Ed25519" || key.alg === undefined) return key;
  const { alg: _, ...rest } = key;
  const copy = withoutAlg.get(key) ?? rest;
  withoutAlg.set(key, copy);
  return copy;
}

export interface Expected {
  /** A JWK is imported once for each object. */
  readonly key: CryptoKey | JWK;
  /** The algorithm that belongs to the key. Taken from our record of the key, never from the token. */
  readonly alg: string;
  /** The only accepted `typ`, against confusion of token types (RFC 8725 3.11); null accepts any `typ` and none. */
  readonly typ: string | null;
}

/**
 * Verifies the signature and the type of a compact JWS. The caller must check times and audience, see {@link checkTimes}.
 *
 * @returns the claims, or null when {@link readJws} refuses the token, its `alg` or `typ` is another, or the signature is wrong
 * @throws {TypeError} when the key does not fit the algorithm, which is a bug of the caller
 */
export async function verifyJws(token: string, { key, alg, typ }: Expected): Promise<JWTPayload | null> {
  const read = readJws(token);
  if (!read || read.header.alg !== alg) return null;
  if (typ !== null && (read.header.typ === undefined || mediaType(read.header.typ) !== mediaType(typ))) return null;
  return (await hasSignature(token, key, alg)) ? read.payload : null;
}

/**
 * Whether the key made the signature of a compact JWS, whose header names this `alg`. Checks nothing else.
 *
 * @throws {TypeError} when the key does not fit the algorithm
 */
export async function hasSignature(token: string, key: CryptoKey | JWK, alg: string): Promise<boolean> {
  try {
    await compactVerify(token, underBothNames(key), { algorithms: [alg] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

/**
 * Checks `exp` and `nbf` (RFC 7519 4.1.4, 4.1.5). `exp` must be present; `exp`, `nbf` and `iat` must be finite numbers of
 * seconds when present. The caller must check the age and the lifetime of a token. `skewSeconds` is the accepted difference of
 * another clock; `nowMs` is in milliseconds since the epoch.
 */
export function checkTimes(
  claims: JWTPayload,
  { nowMs, skewSeconds }: { readonly nowMs: number; readonly skewSeconds: number },
): "ok" | "expired" | "not_yet_valid" | "malformed" {
  const { exp, nbf, iat } = claims;
  const nowSeconds = nowMs / 1000;
  if (!Number.isFinite(exp) || ![nbf, iat].every((time) => time === undefined || Number.isFinite(time)))
    return "malformed";
  if (nowSeconds >= Number(exp) + skewSeconds) return "expired";
  if (nbf !== undefined && nowSeconds < nbf - skewSeconds) return "not_yet_valid";
  return "ok";
}
