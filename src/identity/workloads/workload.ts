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
import { audienceOf, mismatchOf, rulesPassed } from "./matching.ts";
import {
  organizationsTrusting,
  policiesFor,
  policiesOfAgent,
  type TokenClues,
  type TrustPolicyRecord,
} from "./store.ts";

/** The most policies that are matched for a request without an agent id; with more, the request must name its agent. */
const mostJudged = 500;
/** The most organizations whose audit log gets one refusal. */
const mostConcerned = 5;

/** An organization whose audit log gets a refusal. */
interface Concerned {
  readonly organizationId: OrganizationId;
  /** The agent of a matching policy; the issuer when no policy matches. */
  readonly clientId: string;
}

/** A token that identifies no agent. Not for the wire. */
export interface RefusedWorkload {
  readonly outcome: "refused";
  readonly reason: WorkloadRefusalReason;
  readonly details: DomainEvent["details"];
  /** The `iss` of the token, not verified; null when it cannot be read. */
  readonly issuer: string | null;
  /** For a request without an agent id. Empty when no organization can be identified. */
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

function cluesOf(issuer: string, claims: JWTPayload): TokenClues {
  const text = (claim: unknown) => (typeof claim === "string" ? claim : null);
  const { repository, repository_id } = claims;
  return { issuer, audience: audienceOf(claims), repository: text(repository), repositoryId: text(repository_id) };
}

/** The policies that the token matches, and the mismatch with the policy that comes closest. */
function match(policies: readonly TrustPolicyRecord[], claims: JWTPayload, audience: string) {
  const compared = policies.map((policy) => ({ policy, mismatch: mismatchOf(policy, claims, audience) }));
  const matching = compared.flatMap(({ policy, mismatch }) => (mismatch ? [] : [policy]));
  const [closest] = compared
    .flatMap(({ policy, mismatch }) => (mismatch ? [{ policyId: policy.id, ...mismatch }] : []))
    .sort((a, b) => rulesPassed(b) - rulesPassed(a));
  return { matching, closest };
}

/** The organizations of the policies, each with one of its agents. */
function concernedBy(policies: readonly TrustPolicyRecord[]): Concerned[] {
  const agents = new Map(policies.map(({ organizationId, agentId }) => [organizationId, agentId]));
  return [...agents].slice(0, mostConcerned).map(([organizationId, clientId]) => ({ organizationId, clientId }));
}

/**
 * Finds the agent that a workload may sign in as. The ledger then decides whether the agent is active, the policy still
 * exists and the token is used for the first time.
 *
 * Without `agentId` the token must match the policies of one agent only. Any organization can register a policy for any
 * repository, and could otherwise make the jobs of another organization act as its own agent.
 *
 * @param agentId the agent that the request names, not verified; null when it names none
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
    details: { issuer: loggable(issuer), ...details },
    issuer: loggable(issuer),
    concerned,
  });
  if (!read || typeof issuer !== "string" || !isWorkloadType(read.header)) return refused("token_malformed");

  // SSRF: keys are only fetched from issuers that a policy trusts.
  const ofAgent = agentId === null ? null : await policiesOfAgent(context, agentId as AgentId, issuer);
  const trusting = ofAgent
    ? ofAgent.map((policy) => policy.organizationId)
    : await organizationsTrusting(context, issuer, 2);
  if (trusting.length === 0) return refused("no_policy");
  // Several organizations can trust one issuer. None of them may see the failed tokens of another.
  const [organizationId, ...others] = trusting;
  const clientId = loggable(issuer) ?? "";
  const concerned = organizationId && !ofAgent && others.length === 0 ? [{ organizationId, clientId }] : [];

  const claims = await verify(context, token, read.header, issuer);
  if (typeof claims === "string") return refused(claims, {}, concerned);
  const subject = { subject: loggable(claims.sub) };
  const policies = ofAgent ?? (await policiesFor(context, cluesOf(issuer, claims), mostJudged + 1));
  if (policies.length > mostJudged) return refused("ambiguous_policy", subject, concerned);

  const { matching, closest } = match(policies, claims, settings.issuer);
  const [policy] = matching;
  if (!policy) {
    if (!closest) return refused("no_policy", subject, concerned);
    const { reason, policyId, claim } = closest;
    return refused(reason, { ...subject, policyId, claim, received: loggable(claims[claim]) }, concerned);
  }
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
