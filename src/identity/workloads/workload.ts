/** Finds the agent of a workload's OIDC token, which another issuer made. */
import type { JWTPayload } from "jose";
import type { DomainEvent } from "../../events/catalogue.ts";
import type { Presented, WorkloadRefusalReason } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { encodeBase64url } from "../../platform/crypto/base64url.ts";
import {
  claimAtFault,
  foreignType,
  headerAtFault,
  loggable,
  readForeignJws,
  timeAtFault,
  verifyForeignJws,
} from "../../platform/crypto/foreign-jws.ts";
import type { JwsHeader } from "../../platform/crypto/jws.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";
import { foreignSkewSeconds } from "../../platform/lifetimes.ts";
import { findRemoteKey, type RemoteIssuer } from "../../platform/outbound/jwks.ts";
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

type Refusal = Pick<RefusedWorkload, "reason" | "details">;

/** The policies by where the keys of their tokens are. */
const byKeys = (policies: readonly TrustPolicyRecord[]) =>
  Map.groupBy(policies, ({ provider, rule }) =>
    provider === "oidc" ? (rule.jwksUri ?? (rule.jwks ? JSON.stringify(rule.jwks) : "")) : "",
  );

function sourceOf({ issuer, provider, rule }: TrustPolicyRecord): RemoteIssuer {
  return provider === "oidc" ? { issuer, jwksUri: rule.jwksUri ?? null, jwks: rule.jwks ?? null } : { issuer };
}

/** The claims of a token with a valid signature and valid times, or the refusal. */
async function verify(
  context: Context,
  token: string,
  header: JwsHeader,
  source: RemoteIssuer,
): Promise<{ claims: JWTPayload } | Refusal> {
  const found = await findRemoteKey(context, source, header);
  if (!found.ok && found.reason === "unreachable") return { reason: "issuer_unreachable", details: {} };
  if (!found.ok) return { reason: "unknown_key", details: { ...headerAtFault(header, "kid") } };
  const claims = await verifyForeignJws(token, found);
  if (!claims) return { reason: "token_signature", details: {} };
  const time = timeAtFault(claims, { nowMs: context.now(), skewSeconds: foreignSkewSeconds });
  return time ? { reason: time.reason, details: { ...time.fault } } : { claims };
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

/** The first policy that the token matches, or the refusal by the policy that comes closest. */
function match(policies: readonly TrustPolicyRecord[], claims: JWTPayload, audience: string) {
  const compared = policies.map((policy) => ({ policy, mismatch: mismatchOf(policy, claims, audience) }));
  const matching = compared.find(({ mismatch }) => mismatch === null)?.policy;
  const [closest] = compared
    .flatMap(({ policy, mismatch }) => (mismatch ? [{ policyId: policy.id, ...mismatch }] : []))
    .sort((a, b) => rulesPassed(b) - rulesPassed(a));
  if (matching || !closest) return { matching };
  const { reason, policyId, claim } = closest;
  const subject = loggable(claims.sub);
  return { mismatch: { reason, details: { subject, policyId, ...claimAtFault(claims, claim) } } };
}

async function identified(policy: TrustPolicyRecord, token: string, claims: JWTPayload): Promise<WorkloadOutcome> {
  return {
    outcome: "identified",
    organizationId: policy.organizationId,
    agentId: policy.agentId,
    presented: {
      kind: "workload",
      policyId: policy.id,
      tokenKey: await keyOf(policy.issuer, token, claims),
      tokenExpiresAtMs: (Number(claims.exp) + foreignSkewSeconds) * 1000,
    },
  };
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
  const read = readForeignJws(token);
  const issuer = read.payload?.iss;
  const refused = (reason: WorkloadRefusalReason, details: DomainEvent["details"] = {}): RefusedWorkload => ({
    outcome: "refused",
    reason,
    details: { issuer: loggable(issuer), ...details },
  });
  if (!read.ok) return refused("token_malformed", { ...read.fault });
  if (typeof issuer !== "string") return refused("token_malformed", { claim: "iss" });
  if (foreignType(read.header) === null) return refused("token_malformed", { ...headerAtFault(read.header, "typ") });

  // SSRF: keys are only fetched from issuers that a policy trusts.
  const policies = await policiesOfAgent(context, agentId as AgentId, issuer);
  const groups = [...byKeys(policies).values()];
  const verified = await Promise.all(
    groups.flatMap(([first]) => (first ? [verify(context, token, read.header, sourceOf(first))] : [])),
  );
  let refusal = verified.find((outcome) => "reason" in outcome) ?? { reason: "no_policy" as const, details: {} };
  for (const [index, outcome] of verified.entries()) {
    if ("reason" in outcome) continue;
    const { matching, mismatch } = match(groups[index] ?? [], outcome.claims, context.settings.issuer);
    if (matching) return identified(matching, token, outcome.claims);
    if (mismatch) refusal = mismatch;
  }
  return refused(refusal.reason, refusal.details);
}
