/** Client assertions: `private_key_jwt` of OpenID Connect Core 9, after RFC 7521 and RFC 7523 3. */

import type { DomainEvent } from "../events/catalogue.ts";
import { claimAtFault, headerAtFault, timeAtFault } from "../platform/crypto/foreign-jws.ts";
import { type PublicJwk, verificationAlgs } from "../platform/crypto/jwk.ts";
import { hasSignature, ownHeaderFault, parseJws, readJws } from "../platform/crypto/jws.ts";
import type { AgentId } from "../platform/ids.ts";
import { foreignSkewSeconds } from "../platform/lifetimes.ts";
import type { RefusalReason } from "./contract.ts";

/** The longest lifetime of an assertion, in seconds. The skew is added: clients measure it by their own clock. */
const longestLifetimeSeconds = 300;

export type AssertionOutcome =
  | { readonly ok: true; readonly jti: string; readonly expiresAtMs: number }
  | {
      readonly ok: false;
      readonly reason: RefusalReason;
      /** For the audit log: the header member or the claim at fault, and its value. */
      readonly details: DomainEvent["details"];
    };

const refused = (reason: RefusalReason, details: DomainEvent["details"] = {}): AssertionOutcome => ({
  ok: false,
  reason,
  details,
});

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
  if (!read) {
    const { header } = parseJws(jwt);
    const member = header && ownHeaderFault(header);
    return refused("assertion_malformed", member ? { ...headerAtFault(header, member) } : {});
  }
  const { header, payload: claims } = read;
  const malformed = (member: "alg" | "typ") => refused("assertion_malformed", { ...headerAtFault(header, member) });
  const alg = verificationAlgs(key).find((candidate) => candidate === header.alg);
  if (!alg) return malformed("alg");
  // RFC 7523 3 does not require `typ`. A `typ` of another kind of token is refused, against confusion of token types.
  const { typ } = header;
  if (typ !== undefined && !/^(application\/)?(jwt|client-authentication\+jwt)$/i.test(typ)) return malformed("typ");
  if (!(await hasSignature(jwt, key, alg))) return refused("assertion_signature");
  const { iss, sub, aud, jti } = claims;
  const wrong = (claim: string) => refused("assertion_claims", { ...claimAtFault(claims, claim) });
  if (iss !== agentId) return wrong("iss");
  if (sub !== agentId) return wrong("sub");
  const [audience, ...others] = [aud].flat();
  if (audience === undefined || !audiences.includes(audience) || others.length > 0) return wrong("aud");
  if (typeof jti !== "string" || jti === "" || jti.length > 256) return wrong("jti");
  const time = timeAtFault(claims, { nowMs, skewSeconds: foreignSkewSeconds });
  if (time) {
    const isIssuedLater = time.reason === "token_not_yet_valid" && time.fault.claim === "iat";
    return refused(isIssuedLater ? "assertion_claims" : "assertion_expired", { ...time.fault });
  }
  const exp = Number(claims.exp);
  const lifetimeSeconds = Math.ceil(exp - (claims.iat ?? nowMs / 1000));
  if (lifetimeSeconds > longestLifetimeSeconds + foreignSkewSeconds) {
    return refused("assertion_claims", { claim: "lifetime", received: `${lifetimeSeconds} s` });
  }
  return { ok: true, jti, expiresAtMs: (exp + foreignSkewSeconds) * 1000 };
}
