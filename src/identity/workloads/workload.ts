/** Whose token is this? From an OIDC token that somebody else's issuer made for a workload to the agent that it may sign in as. */

import type { JWTPayload } from "jose";
import type { DomainEvent } from "../../events/catalogue.ts";
import type { Presented, WorkloadRefusalReason } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { encodeBase64url } from "../../platform/crypto/base64url.ts";
import { checkTimes, type JwsHeader, readJws, verifyJws } from "../../platform/crypto/jws.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";
import { foreignSkewSeconds } from "../../platform/lifetimes.ts";
import { findRemoteKey } from "../../platform/outbound/jwks.ts";
import { audienceOf, mismatchOf, rulesPassed } from "./matching.ts";
import {
  organizationsTrusting,
  policiesFor,
  policiesOfAgent,
  type TokenClues,
  type TrustPolicyRecord,
} from "./store.ts";

/** How many policies of other agents are judged for a token that names no agent; beyond that it has to. */
const mostJudged = 500;
/** In how many organizations' logs one refusal is written. */
const mostConcerned = 5;

/** Somebody whose audit log should have a refusal. */
interface Concerned {
  readonly organizationId: OrganizationId;
  /** The agent that the workload would have been. */
  readonly clientId: string;
}

/** A token that identifies nobody. Nothing of this is for the wire. */
export interface RefusedWorkload {
  readonly outcome: "refused";
  readonly reason: WorkloadRefusalReason;
  readonly details: DomainEvent["details"];
  /** What the token, unverified, says is its issuer; null when it cannot be read. */
  readonly issuer: string | null;
  /** Of a token that names no agent: who learns of the refusal. Empty when it is nobody's in particular. */
  readonly concerned: readonly Concerned[];
}

type WorkloadOutcome =
  | {
      readonly outcome: "identified";
      readonly organizationId: OrganizationId;
      readonly agentId: AgentId;
      readonly presented: Presented & { kind: "workload" };
    }
  | RefusedWorkload;

/** What a token says, as an audit event may hold it. Structures are not spelled out: they may be deep, or lie about what they are. */
function told(value: unknown): string | null {
  if (value === undefined) return null;
  const text = typeof value === "object" && value !== null ? "[structure]" : String(value);
  return text.slice(0, 200).toWellFormed();
}

/** A type is optional (RFC 7519 5.1), but one that names another kind of token, such as at+jwt, is that other kind of token. */
const isWorkloadType = ({ typ }: JwsHeader) => typ === undefined || /^(application\/)?jwt$/i.test(typ);

/** The claims of a token that its issuer signed and that is valid now, or why it is not. */
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
 * What makes a token one of its kind. Without a `jti` it is what was signed and not the whole token: of one ECDSA signature
 * anybody can make a second one that is valid too, and the token would pass for another.
 */
async function keyOf(issuer: string, token: string, { jti }: JWTPayload): Promise<string> {
  const own = typeof jti === "string" && jti !== "" ? jti : token.slice(0, token.lastIndexOf("."));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${issuer}|${own}`));
  return encodeBase64url(new Uint8Array(digest));
}

function cluesOf(issuer: string, claims: JWTPayload): TokenClues {
  const text = (claim: unknown) => (typeof claim === "string" ? claim : null);
  const { repository, repository_id } = claims;
  return { issuer, audience: audienceOf(claims), repository: text(repository), repositoryId: text(repository_id) };
}

/** The policies that the token fulfils; where there are none, what is wrong with the one that it comes closest to. */
function judge(policies: readonly TrustPolicyRecord[], claims: JWTPayload, audience: string) {
  const judged = policies.map((policy) => ({ policy, mismatch: mismatchOf(policy, claims, audience) }));
  const matching = judged.flatMap(({ policy, mismatch }) => (mismatch ? [] : [policy]));
  const [closest] = judged
    .flatMap(({ policy, mismatch }) => (mismatch ? [{ policyId: policy.id, ...mismatch }] : []))
    .sort((a, b) => rulesPassed(b) - rulesPassed(a))
    .map(({ policyId, reason, claim }) => {
      return { reason, details: { policyId, claim, received: told(claims[claim]) } };
    });
  return { matching, closest };
}

/** The organizations of policies, each with the agent of one of them. */
function concernedBy(policies: readonly TrustPolicyRecord[]): Concerned[] {
  const agents = new Map(policies.map(({ organizationId, agentId }) => [organizationId, agentId]));
  return [...agents].slice(0, mostConcerned).map(([organizationId, clientId]) => ({ organizationId, clientId }));
}

/**
 * Finds the agent that a workload may sign in as. Whether the agent is active, the policy still there and the token used for
 * the first time, the ledger decides.
 *
 * A token that names no agent must be good for one agent only: anybody can register a policy for anybody's repository, and
 * would otherwise make the jobs of others act, and hand in their results, as an agent of their own.
 *
 * @param agentId the agent that the workload asks for, as it was sent; null when it asks for none
 */
export async function identifyWorkload(
  context: Context,
  token: string,
  agentId: string | null,
): Promise<WorkloadOutcome> {
  const { settings } = context;
  const read = readJws(token);
  const issuer = read?.payload.iss;
  const refused = (
    reason: WorkloadRefusalReason,
    details: DomainEvent["details"] = {},
    concerned: readonly Concerned[] = [],
  ): RefusedWorkload => ({
    outcome: "refused",
    reason,
    details: { issuer: told(issuer), ...details },
    issuer: told(issuer),
    concerned,
  });
  if (!read || typeof issuer !== "string" || !isWorkloadType(read.header)) return refused("token_malformed");

  // Keys are only asked of issuers that somebody trusts: a stranger cannot make this service call addresses at will.
  const asked = agentId === null ? null : await policiesOfAgent(context, agentId as AgentId, issuer);
  const trusting = asked
    ? asked.map((policy) => policy.organizationId)
    : await organizationsTrusting(context, issuer, 2);
  if (trusting.length === 0) return refused("no_policy");
  // Where several organizations trust an issuer, a failing job of one is no business of the others.
  const [organizationId, ...others] = trusting;
  const clientId = told(issuer) ?? "";
  const concerned = organizationId && !asked && others.length === 0 ? [{ organizationId, clientId }] : [];

  const claims = await verify(context, token, read.header, issuer);
  if (typeof claims === "string") return refused(claims, {}, concerned);
  const subject = { subject: told(claims.sub) };
  const policies = asked ?? (await policiesFor(context, cluesOf(issuer, claims), mostJudged + 1));
  if (policies.length > mostJudged) return refused("ambiguous_policy", subject, concerned);

  const { matching, closest } = judge(policies, claims, settings.issuer);
  const [policy] = matching;
  if (!policy) return refused(closest?.reason ?? "no_policy", { ...subject, ...closest?.details }, concerned);
  if (matching.some((other) => other.agentId !== policy.agentId)) {
    return refused("ambiguous_policy", subject, concernedBy(matching));
  }
  return {
    outcome: "identified",
    organizationId: policy.organizationId,
    agentId: policy.agentId,
    presented: {
      kind: "workload",
      policyId: policy.id,
      tokenKey: await keyOf(issuer, token, claims),
      tokenExpiresAtMs: (Number(claims.exp) + foreignSkewSeconds) * 1000,
    },
  };
}
