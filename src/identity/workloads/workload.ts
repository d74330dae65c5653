/** Finds the agent of a workload's OIDC token, which another issuer made. */
import type { JWTPayload } from "jose";
import type { DomainEvent } from "../../events/catalogue.ts";
import type { Presented, WorkloadRefusalReason } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { encodeBase64url } from "../../platform/crypto/base64url.ts";
import { checkTimes, type JwsHeader, readJws, verifyJws } from "../../platform/crypto/jws.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";
import { foreignSkewSeconds } from "../../platform/lifetimes.ts";
import { findRemoteKey } from "../../platform/outbound/jwks.ts";
import { mismatchOf, rulesPassed } from "./matching.ts";
import { policiesOfAgent, type TrustPolicyRecord } from "./store.ts";

/** A token that identifies no agent. Not for the wire. */
export interface RefusedWorkload {
  readonly outcome: "refused";
  readonly reason: WorkloadRefusalReason;
  readonly details: DomainEvent["details"];
}

type WorkloadOutcome =
  | {
      readonly outcome: "identified";
      readonly organizationId: OrganizationId;
      readonly agentId: AgentId;
      readonly presented: Presented & { kind: "workload" };
    }
  | RefusedWorkload;

/** A claim, as an audit event can hold it. Structures are left out: they can be deep, or have a false `toString`. */
function loggable(value: unknown): string | null {
  if (value === undefined) return null;
  const text = typeof value === "object" && value !== null ? "[structure]" : String(value);
  return text.slice(0, 200).toWellFormed();
}

/** RFC 7519 5.1: `typ` is optional. Another `typ`, such as at+jwt, is another kind of token. */
const isWorkloadType = ({ typ }: JwsHeader) => typ === undefined || /^(application\/)?jwt$/i.test(typ);

/** The claims of a token with a valid signature and valid times, or the reason of the refusal. */
async function verify(
  context: Context,
  token: string,
  header: JwsHeader,
  issuer: string,
): Promise<JWTPayload | WorkloadRefusalReason> {
  const found = await findRemoteKey(context, { issuer }, header);
  if (!found.ok) return found.reason === "unreachable" ? "issuer_unreachable" : "unknown_key";
  const claims = await verifyJws(token, { key: found.key, alg: found.alg, typ: null });
  if (!claims) return "token_signature";
  const nowMs = context.now();
  const times = checkTimes(claims, { nowMs, skewSeconds: foreignSkewSeconds });
  if (times === "malformed") return "token_malformed";
  if (times !== "ok") return `token_${times}`;
  return (claims.iat ?? 0) > nowMs / 1000 + foreignSkewSeconds ? "token_not_yet_valid" : claims;
}

/**
 * The key that makes a token single-use. Without a `jti` it is the signed part and not the whole token: anyone can turn an
 * ECDSA signature into a second valid one, and so replay the token.
 */
async function keyOf(issuer: string, token: string, { jti }: JWTPayload): Promise<string> {
  const own = typeof jti === "string" && jti !== "" ? jti : token.slice(0, token.lastIndexOf("."));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${issuer}|${own}`));
  return encodeBase64url(new Uint8Array(digest));
}

/** The first policy that the token matches, and the mismatch with the policy that comes closest. */
function match(policies: readonly TrustPolicyRecord[], claims: JWTPayload, audience: string) {
  const compared = policies.map((policy) => ({ policy, mismatch: mismatchOf(policy, claims, audience) }));
  const matching = compared.find(({ mismatch }) => mismatch === null)?.policy;
  const [closest] = compared
    .flatMap(({ policy, mismatch }) => (mismatch ? [{ policyId: policy.id, ...mismatch }] : []))
    .sort((a, b) => rulesPassed(b) - rulesPassed(a));
  return { matching, closest };
}

/**
 * Finds the trust policy of the agent that a workload's token matches. The ledger then decides whether the agent is active, the
 * policy still exists and the token is used for the first time.
 *
 * The request must name its agent: any organization can register a policy for any repository, and could otherwise make the jobs
 * of another organization act as its own agent.
 *
 * @param agentId the agent that the request names, not verified
 */
export async function identifyWorkload(context: Context, token: string, agentId: string): Promise<WorkloadOutcome> {
  const read = readJws(token);
  const issuer = read?.payload.iss;
  const refused = (reason: WorkloadRefusalReason, details: DomainEvent["details"] = {}): RefusedWorkload => ({
    outcome: "refused",
    reason,
    details: { issuer: loggable(issuer), ...details },
  });
  if (!read || typeof issuer !== "string" || !isWorkloadType(read.header)) return refused("token_malformed");

  // SSRF: keys are only fetched from issuers that a policy trusts.
  const policies = await policiesOfAgent(context, agentId as AgentId, issuer);
  if (policies.length === 0) return refused("no_policy");
  const claims = await verify(context, token, read.header, issuer);
  if (typeof claims === "string") return refused(claims);

  const { matching, closest } = match(policies, claims, context.settings.issuer);
  if (!matching) {
    const subject = { subject: loggable(claims.sub) };
    if (!closest) return refused("no_policy", subject);
    const { reason, policyId, claim } = closest;
    return refused(reason, { ...subject, policyId, claim, received: loggable(claims[claim]) });
  }
  return {
    outcome: "identified",
    organizationId: matching.organizationId,
    agentId: matching.agentId,
    presented: {
      kind: "workload",
      policyId: matching.id,
      tokenKey: await keyOf(issuer, token, claims),
      tokenExpiresAtMs: (Number(claims.exp) + foreignSkewSeconds) * 1000,
    },
  };
}
