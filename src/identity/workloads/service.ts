/** Trust policies: the claims with which a workload's token signs in as an agent. A policy is a credential of its agent. */

import { refuseTakeover } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { answering } from "../../access/idempotency/service.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import type { HeldTarget } from "../../ledger/contract.ts";
import { commitHeld, expectChange, withdraw } from "../../ledger/held-change.ts";
import type { Context } from "../../platform/context.ts";
import { type Preconditions, refuseUnmet } from "../../platform/http/entity-tags.ts";
import { filtered, type Page, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import { type AgentId, type CredentialId, credentialIdSchema, newId } from "../../platform/ids.ts";
import { checkOutboundUrl } from "../../platform/outbound/guard.ts";
import { keySetDigest } from "../../platform/outbound/pasted-key-set.ts";
import { checkOutboundTarget } from "../../platform/outbound/resolve.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { isoOf } from "../../platform/time.ts";
import { findHolder, keepUsableAdmin } from "../credentials/service.ts";
import { delegationsEndedBy } from "../delegation/service.ts";
import type { CreateTrustPolicy, TrustPolicy } from "./schema.ts";
import {
  countTrustPolicies,
  findHeldPolicy,
  findTrustPolicy,
  insertTrustPolicy,
  listTrustPolicies as listRecords,
  removeTrustPolicy,
  type TrustPolicyRecord,
} from "./store.ts";

export { removePoliciesOf } from "./store.ts";
export { identifyWorkload, type RefusedWorkload } from "./workload.ts";

/** The most trust policies of one agent. */
const maxOfAgent = 20;

/** The claims that the policy requires, in the fields of its provider. */
function requiredClaims(policy: TrustPolicyRecord) {
  const { provider } = policy;
  return provider === "github"
    ? { provider, ...policy.rule }
    : { provider, issuer: policy.issuer, audience: policy.audience, ...policy.rule };
}

/** The same for the audit log: of the keys their digest, which is short. */
function loggedClaims(policy: TrustPolicyRecord) {
  const { jwks } = policy.provider === "oidc" ? policy.rule : {};
  return { ...requiredClaims(policy), ...(jwks ? { jwks: keySetDigest(jwks) } : {}) };
}

/** The wire form of a policy. */
function publicPolicy(policy: TrustPolicyRecord): TrustPolicy {
  return {
    policyId: policy.id,
    agentId: policy.agentId,
    organization_id: policy.organizationId,
    ...requiredClaims(policy),
    createdAt: isoOf(policy.createdAt),
  };
}

const publicGitHub = "https://token.actions.githubusercontent.com";

/** Whether an issuer is GitHub's, with or without the slug of an enterprise. */
function isOfGitHub({ githubOidcIssuer }: Context["settings"], issuer: string): boolean {
  const normal = URL.canParse(issuer) ? new URL(issuer).href : issuer;
  return [publicGitHub, githubOidcIssuer].some((github) => normal === github || normal.startsWith(`${github}/`));
}

/** `VALIDATION_ERROR` for an issuer or an address of keys that a general policy must not trust, or null. */
async function refuseSource(
  context: Context,
  { issuer, jwks, jwksUri }: Extract<CreateTrustPolicy, { provider: "oidc" }>,
): Promise<Problem | null> {
  const { settings } = context;
  const refused = (path: "issuer" | "jwksUri", message: string) =>
    invalid([{ path, message, received: path === "issuer" ? issuer : (jwksUri ?? "") }]);
  // An own token is no proof of a workload: its holder could exchange it for new ones without end.
  if (issuer === settings.issuer) return refused("issuer", "must be another service's");
  // A general policy has fewer rules for pull requests: those of strangers could match.
  if (isOfGitHub(settings, issuer)) return refused("issuer", "is GitHub's; use the provider github");
  if (jwksUri !== undefined) {
    const url = await checkOutboundTarget(context, jwksUri);
    if (!url.ok) return refused("jwksUri", url.message);
    return url.value.origin === settings.issuer ? refused("jwksUri", "must not be this service itself") : null;
  }
  // With its keys, the issuer is only compared with `iss`, and may be a name inside a cluster.
  if (jwks !== undefined) return null;
  const url = checkOutboundUrl(settings, issuer);
  if (!url.ok) return refused("issuer", url.message);
  return url.value.search === "" ? null : refused("issuer", "must have no query");
}

function recordOf(
  context: Context,
  caller: Caller,
  { agentId, ...input }: CreateTrustPolicy,
  createdAt: number,
): TrustPolicyRecord {
  const common = { id: newId<CredentialId>(createdAt), organizationId: caller.organizationId, agentId, createdAt };
  if (input.provider === "github") {
    const { provider, ...rule } = input;
    const { githubOidcIssuer } = context.settings;
    const issuer = rule.enterprise === undefined ? githubOidcIssuer : `${githubOidcIssuer}/${rule.enterprise}`;
    return { ...common, provider, issuer, audience: null, rule };
  }
  const { provider, issuer, audience, ...rule } = input;
  return { ...common, provider, issuer, audience, rule };
}

/**
 * Creates a trust policy.
 *
 * @returns `AGENT_NOT_FOUND`, `AGENT_ALREADY_DECOMMISSIONED`, `FORBIDDEN` when the agent holds more than the caller may
 *   grant, `VALIDATION_ERROR` for the issuer, `FREE_TIER_LIMIT_EXCEEDED` when the agent has twenty
 */
export async function createTrustPolicy(
  context: Context,
  caller: Caller,
  input: CreateTrustPolicy,
): Promise<Result<TrustPolicy>> {
  const { organizationId } = caller;
  const { agentId } = input;
  const agent = await findHolder(context, organizationId, agentId);
  if (!agent) return problem("AGENT_NOT_FOUND");
  if (agent.status === "decommissioned") return problem("AGENT_ALREADY_DECOMMISSIONED");
  const refused =
    refuseTakeover(caller, agent) ?? (input.provider === "oidc" ? await refuseSource(context, input) : null);
  if (refused) return refused;

  const policy = recordOf(context, caller, input, context.now());
  const hold = await expectChange(context, organizationId, agentId);
  const event = newEvent(context, actorOf(context, caller), {
    organizationId,
    action: "trust_policy.created",
    agentId,
    target: policy.id,
    details: loggedClaims(policy),
    data: { policyId: policy.id, agentId },
  });
  const created = publicPolicy(policy);
  const answered = await answering(context, created, agentId);
  const inserted = await commitHeld(answered, hold, [insertTrustPolicy(context, policy, maxOfAgent)], [event]);
  return inserted ? ok(created) : whyRefused(context, caller, policy);
}

/** Why the insertion wrote nothing: the agent is decommissioned by now, or has the most policies. */
async function whyRefused(context: Context, caller: Caller, { agentId }: TrustPolicyRecord): Promise<Problem> {
  const agent = await findHolder(context, caller.organizationId, agentId);
  if (agent?.status === "decommissioned") return problem("AGENT_ALREADY_DECOMMISSIONED");
  const current = await countTrustPolicies(context, agentId);
  return problem("FREE_TIER_LIMIT_EXCEEDED", `An agent may have ${maxOfAgent} trust policies; delete one first.`, {
    details: { limit: "maxTrustPolicies", max: maxOfAgent, current },
  });
}

/** One policy, or `TRUST_POLICY_NOT_FOUND`. */
export async function readTrustPolicy(
  context: Context,
  caller: Caller,
  policyId: CredentialId,
): Promise<Result<TrustPolicy>> {
  const policy = await findTrustPolicy(context, caller.organizationId, policyId);
  return policy ? ok(publicPolicy(policy)) : problem("TRUST_POLICY_NOT_FOUND");
}

/** The policies of the caller's organization, or of one of its agents, newest first. `VALIDATION_ERROR` for a cursor of another list. */
export async function listTrustPolicies(
  context: Context,
  { organizationId }: Caller,
  { agentId, ...request }: PageRequest & { readonly agentId?: AgentId | undefined },
): Promise<Result<Page<TrustPolicy>>> {
  const list = filtered({ name: "trust-policies", organizationId }, { agentId });
  return pageOf(list, credentialIdSchema, request, {
    read: (page) => listRecords(context, organizationId, agentId, page),
    keyOf: ({ id }) => id,
    show: publicPolicy,
  });
}

/**
 * Deletes a policy. Its tokens are revoked before this returns.
 *
 * @returns `TRUST_POLICY_NOT_FOUND`, `PRECONDITION_FAILED`, `FORBIDDEN` for an agent that the caller could not take over
 */
export async function deleteTrustPolicy(
  context: Context,
  caller: Caller,
  policyId: CredentialId,
  preconditions: Preconditions,
): Promise<Result<undefined>> {
  const { organizationId } = caller;
  const found = await findHeldPolicy(context, organizationId, policyId);
  if (!found) return problem("TRUST_POLICY_NOT_FOUND");
  const { holder, policy } = found;
  const refused = refuseTakeover(caller, holder);
  if (refused) return refused;

  const { agentId } = policy;
  const admin = keepUsableAdmin(context, { organizationId, agentId, lost: { policyId } });
  // A policy never changes, so the deletion needs no version of what was compared.
  const last = (await admin.refuse()) ?? refuseUnmet(preconditions, publicPolicy(policy));
  if (last) return last;
  const subject: HeldTarget = { kind: "credential", agentId, credentialId: policyId };
  const hold = await withdraw(context, organizationId, subject);
  const event = newEvent(context, actorOf(context, caller), {
    organizationId,
    action: "trust_policy.deleted",
    agentId,
    target: policyId,
    details: loggedClaims(policy),
    data: { policyId, agentId },
  });
  const removed = await commitHeld(
    context,
    hold,
    [removeTrustPolicy(context, policyId, admin.remains)],
    [event],
    [delegationsEndedBy(context, organizationId, subject)],
  );
  return removed ? ok() : ((await admin.refuse()) ?? problem("TRUST_POLICY_NOT_FOUND"));
}
