/**
 * The tokens of other issuers: partners and workloads. They have members and key ids that no token of ours has (RFC 7515 4: what is
 * not understood is ignored). What is wrong with one goes to the audit log, and never to the wire.
 */
import type { JWTPayload } from "jose";
import { foreignSkewSeconds } from "../lifetimes.ts";
import { hasSignature, headerFault, type JwsHeader, mediaType, parseJws, type ReadJws } from "./jws.ts";

/** The most characters of a `kid`. It is only compared, so it may have any. */
const longestKeyId = 256;

/** A member of a token, as the audit log names it; none when the whole token is not a JWS. */
export interface Fault {
  /** A claim. */
  readonly claim?: string;
  /** A member of the JOSE header. */
  readonly header?: string;
  readonly received?: Loggable;
}

type Loggable = string | readonly string[] | null;

export type ForeignJws =
  | ({ readonly ok: true } & ReadJws)
  /** The claims are not verified; null when they cannot be read. */
  | { readonly ok: false; readonly fault: Fault; readonly payload: JWTPayload | null };

/**
 * Reads a compact JWS of another issuer, without verifying it. Ignores the members of the header that bring or name a key (`jwk`,
 * `x5c`, `x5t`, `jku`, `x5u`): the key comes from the issuer's key set alone, and no address in a token is called.
 */
export function readForeignJws(token: string): ForeignJws {
  const { isWhole, header, payload } = parseJws(token);
  const member = header && (headerFault(header) ?? (String(header.kid ?? "").length > longestKeyId ? "kid" : null));
  if (member) return { ok: false, fault: headerAtFault(header, member), payload };
  if (!isWhole || !header || !payload) return { ok: false, fault: {}, payload };
  return { ok: true, header: header as Record<string, unknown> & JwsHeader, payload };
}

/**
 * Verifies the signature of a token that {@link readForeignJws} has read. The caller must check type, times and audience.
 *
 * @param alg the algorithm of the key, never of the token
 */
export async function verifyForeignJws(
  token: string,
  { key, alg }: { readonly key: CryptoKey; readonly alg: string },
): Promise<JWTPayload | null> {
  const read = readForeignJws(token);
  return read.ok && read.header.alg === alg && (await hasSignature(token, key, alg)) ? read.payload : null;
}

/**
 * What a `typ` says: `at+jwt` is an access token (RFC 9068); `jwt` is any JWT, for JWT, JOSE (JWT-SVID 2) and no `typ`. null for
 * another kind of token (RFC 8725 3.11).
 */
export function foreignType({ typ }: JwsHeader): "at+jwt" | "jwt" | null {
  const type = typ === undefined ? "application/jwt" : mediaType(typ);
  if (type === "application/at+jwt") return "at+jwt";
  return type === "application/jwt" || type === "application/jose" ? "jwt" : null;
}

/**
 * The time for which a token is not valid now: `exp` must be present, and `exp`, `nbf` and `iat` finite numbers of seconds.
 *
 * @param skewSeconds the accepted difference of the issuer's clock after `exp`; before `nbf` and `iat` it is a minute
 */
export function timeAtFault(
  claims: JWTPayload,
  { nowMs, skewSeconds }: { readonly nowMs: number; readonly skewSeconds: number },
): { reason: "token_malformed" | "token_expired" | "token_not_yet_valid"; fault: Fault } | null {
  const { exp, nbf, iat } = claims;
  const nowSeconds = nowMs / 1000;
  const at = (claim: "exp" | "nbf" | "iat") => ({ fault: claimAtFault(claims, claim) });
  const malformed = (["nbf", "iat"] as const).find(
    (name) => claims[name] !== undefined && !Number.isFinite(claims[name]),
  );
  if (!Number.isFinite(exp)) return { reason: "token_malformed", ...at("exp") };
  if (malformed) return { reason: "token_malformed", ...at(malformed) };
  if (nowSeconds >= Number(exp) + skewSeconds) return { reason: "token_expired", ...at("exp") };
  const latest = nowSeconds + foreignSkewSeconds;
  if ((nbf ?? 0) > latest) return { reason: "token_not_yet_valid", ...at("nbf") };
  return (iat ?? 0) > latest ? { reason: "token_not_yet_valid", ...at("iat") } : null;
}

/** The most values of a list that an audit event shows. */
const mostListed = 10;

const isStructure = (value: unknown) => typeof value === "object" && value !== null;
const cut = (value: unknown) => String(value).slice(0, 200).toWellFormed();

/**
 * A value of a token, as an audit event can hold it: cut, and without half a surrogate pair. Of a list, its first ten values. Other
 * structures are left out: they can be deep, or have a false `toString`.
 */
export function loggable(value: unknown): Loggable {
  if (value === undefined) return null;
  if (Array.isArray(value) && !value.some(isStructure)) return value.slice(0, mostListed).map(cut);
  return isStructure(value) ? "[structure]" : cut(value);
}

const memberOf = (members: object, name: string) =>
  loggable(Object.hasOwn(members, name) ? (members as Record<string, unknown>)[name] : undefined);

/** The claim at fault, with its value. */
export const claimAtFault = (claims: JWTPayload, claim: string): Fault => ({
  claim,
  received: memberOf(claims, claim),
});

/** The member of the header at fault, with its value. */
export const headerAtFault = (header: object, member: string): Fault => ({
  header: member,
  received: memberOf(header, member),
});
