/** Client assertions: `private_key_jwt` of OpenID Connect Core 9, after RFC 7521 and RFC 7523 3. */

import type { JWTPayload } from "jose";
import type { DomainEvent } from "../events/catalogue.ts";
import { type PublicJwk, verificationAlgs } from "../platform/crypto/jwk.ts";
import { checkTimes, ownHeaderFault, parseJws, readJws, verifyJws } from "../platform/crypto/jws.ts";
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

/** A value of a claim, as an audit event can hold it; null for a missing one. */
function loggable(value: unknown): string | null {
  if (value === undefined) return null;
  const texts = [value]
    .flat()
    .map((item) => (typeof item === "object" && item !== null ? "[structure]" : String(item)));
  return texts.join(" ").slice(0, 200).toWellFormed();
}

function timeAtFault(claims: JWTPayload, times: "expired" | "not_yet_valid" | "malformed"): string {
  if (times === "expired") return "exp";
  if (times === "not_yet_valid") return "nbf";
  return ["nbf", "iat"].find((name) => claims[name] !== undefined && !Number.isFinite(claims[name])) ?? "exp";
}

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
  const { header } = parseJws(jwt);
  const malformed = (member: string | null) =>
    refused("assertion_malformed", member ? { header: member, received: loggable(header?.[member]) } : {});
  const read = readJws(jwt);
  if (!read) return malformed(header && ownHeaderFault(header));
  const alg = verificationAlgs(key).find((candidate) => candidate === read.header.alg);
  if (!alg) return malformed("alg");
  // RFC 7523 3 does not require `typ`. A `typ` of another kind of token is refused, against confusion of token types.
  const { typ } = read.header;
  if (typ !== undefined && !/^(application\/)?(jwt|client-authentication\+jwt)$/i.test(typ)) return malformed("typ");
  const claims = await verifyJws(jwt, { key, alg, typ: null });
  if (!claims) return refused("assertion_signature");
  const { iss, sub, aud, jti } = claims;
  const wrong = (claim: string, received = loggable(claims[claim])) => refused("assertion_claims", { claim, received });
  if (iss !== agentId) return wrong("iss");
  if (sub !== agentId) return wrong("sub");
  const [audience, ...others] = [aud].flat();
  if (audience === undefined || !audiences.includes(audience) || others.length > 0) return wrong("aud");
  if (typeof jti !== "string" || jti === "" || jti.length > 256) return wrong("jti");
  const times = checkTimes(claims, { nowMs, skewSeconds: foreignSkewSeconds });
  if (times !== "ok") {
    const claim = timeAtFault(claims, times);
    return refused("assertion_expired", { claim, received: loggable(claims[claim]) });
  }
  const exp = Number(claims.exp);
  const beganAt = claims.iat ?? nowMs / 1000;
  if (beganAt > nowMs / 1000 + foreignSkewSeconds) return wrong("iat");
  const lifetimeSeconds = Math.ceil(exp - beganAt);
  if (lifetimeSeconds > longestLifetimeSeconds + foreignSkewSeconds) return wrong("lifetime", `${lifetimeSeconds} s`);
  return { ok: true, jti, expiresAtMs: (exp + foreignSkewSeconds) * 1000 };
}
