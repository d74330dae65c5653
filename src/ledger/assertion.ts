/** Client assertions: `private_key_jwt` of OpenID Connect Core 9, after RFC 7521 and RFC 7523 3. */

import { type PublicJwk, verificationAlgs } from "../platform/crypto/jwk.ts";
import { checkTimes, readJws, verifyJws } from "../platform/crypto/jws.ts";
import type { AgentId } from "../platform/ids.ts";
import { foreignSkewSeconds } from "../platform/lifetimes.ts";
import type { RefusalReason } from "./contract.ts";

/** The longest lifetime of an assertion, in seconds. */
const longestLifetimeSeconds = 300;

export type AssertionOutcome =
  | { readonly ok: true; readonly jti: string; readonly expiresAtMs: number }
  | { readonly ok: false; readonly reason: RefusalReason };

const refused = (reason: RefusalReason): AssertionOutcome => ({ ok: false, reason });

/**
 * Checks everything about an assertion except whether it was used before. The registered key decides the algorithm; the `alg`
 * of the header must match it.
 *
 * @param audiences the values that `aud` may have, as a string or an array of just that one. An array of several could also name
 *   another server, and that server could then replay the assertion here (CVE-2025-27371)
 */
export async function checkAssertion(
  jwt: string,
  agentId: AgentId,
  key: PublicJwk,
  audiences: readonly string[],
  nowMs: number,
): Promise<AssertionOutcome> {
  const read = readJws(jwt);
  if (!read) return refused("assertion_malformed");
  const alg = verificationAlgs(key).find((candidate) => candidate === read.header.alg);
  // RFC 7523 3 does not require `typ`. A `typ` of another kind of token is refused, against confusion of token types.
  const foreignType =
    read.header.typ !== undefined && !/^(application\/)?(jwt|client-authentication\+jwt)$/i.test(read.header.typ);
  if (!alg || foreignType) return refused("assertion_malformed");
  const claims = await verifyJws(jwt, { key, alg, typ: null });
  if (!claims) return refused("assertion_signature");
  const { iss, sub, aud, jti, exp, iat } = claims;
  const [audience, ...others] = [aud].flat();
  const isForService = audience !== undefined && audiences.includes(audience) && others.length === 0;
  const named = iss === agentId && sub === agentId && isForService;
  if (!named || typeof jti !== "string" || jti === "" || jti.length > 256) return refused("assertion_claims");
  if (checkTimes(claims, { nowMs, skewSeconds: foreignSkewSeconds }) !== "ok" || exp === undefined)
    return refused("assertion_expired");
  const beganAt = iat ?? nowMs / 1000;
  const tooLong = exp - beganAt > longestLifetimeSeconds || beganAt > nowMs / 1000 + foreignSkewSeconds;
  if (tooLong) return refused("assertion_claims");
  return { ok: true, jti, expiresAtMs: (exp + foreignSkewSeconds) * 1000 };
}
