/** Trust policies: what a workload's own token must say so that it may sign in as an agent. Each is a credential of its agent. */
import { refuseChange, refuseTakeover } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { RevocationTarget } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { type Page, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import { type CredentialId, credentialIdSchema, newId } from "../../platform/ids.ts";
import { checkOutboundUrl } from "../../platform/outbound/guard.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { findHolder } from "../credentials/service.ts";
import { delegationsEndedBy } from "../delegation/service.ts";
import { demandsOf, publicPolicy } from "./public-policy.ts";
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

/** The most trust policies that an agent may have: enough for its workloads, few enough to keep in sight. */
const maxOfAgent = 20;

/** Why nobody may trust this issuer by a general policy, or null. */
function refuseIssuer({ settings }: Pick<Context, "settings">, issuer: string): Problem | null {
  const refused = (message: string) => invalid([{ path: "issuer", message, received: issuer }]);
  // A token of ours is no proof of a workload: whoever held one could turn it into another for ever.
  if (issuer === settings.issuer) return refused("must be another service's");
  // A general policy knows nothing of pull requests, and would let those of strangers in.
  if (issuer === settings.githubOidcIssuer) return refused("is GitHub's; use the provider github");
  const url = checkOutboundUrl(settings, issuer);
  if (!url.ok) return refused(url.message);
  return url.value.search === "" ? null : refused("must have no query");
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
    return { ...common, provider, issuer: context.settings.githubOidcIssuer, audience: null, rule };
  }
  const { provider, issuer, audience, ...rule } = input;
  return { ...common, provider, issuer, audience, rule };
}

/**
 * Makes a trust policy.
 *
 * @returns `AGENT_NOT_FOUND`, `AGENT_ALREADY_DECOMMISSIONED`, `FORBIDDEN` when the agent holds more than the caller may
 *   grant, `VALIDATION_ERROR` for an issuer that is not to be trusted or called, `FREE_TIER_LIMIT_EXCEEDED` when the agent
 *   has twenty
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
    refuseTakeover(caller, agent) ?? (input.provider === "oidc" ? refuseIssuer(context, input.issuer) : null);
  if (refused) return refused;

  const policy = recordOf(context, caller, input, context.now());
  await ledgerOf(context, organizationId).expectChange(agentId);
  const event = newEvent(context, actorOf(context, caller), {
    organizationId,
    action: "trust_policy.created",
    agentId,
    target: policy.id,
    details: demandsOf(policy),
    data: { policyId: policy.id, agentId },
  });
  const inserted = await commitChange(context, [insertTrustPolicy(context, policy, maxOfAgent)], [event]);
  if (!inserted) return whyRefused(context, caller, policy);
  return ok(publicPolicy(policy));
}

/** Why the insertion did not take place: the agent is gone by now, or it has as many policies as it may. */
async function whyRefused(context: Context, caller: Caller, { agentId }: TrustPolicyRecord): Promise<Problem> {
  const agent = await findHolder(context, caller.organizationId, agentId);
  if (agent?.status === "decommissioned") return problem("AGENT_ALREADY_DECOMMISSIONED");
  const current = await countTrustPolicies(context, agentId);
  return problem("FREE_TIER_LIMIT_EXCEEDED", `An agent may have ${maxOfAgent} trust policies; delete one first.`, {
    details: { limit: "maxTrustPolicies", max: maxOfAgent, current },
  });
}

/** The policy as the wire shows it. */
export async function readTrustPolicy(
  context: Context,
  caller: Caller,
  policyId: CredentialId,
): Promise<Result<TrustPolicy>> {
  const policy = await findTrustPolicy(context, caller.organizationId, policyId);
  return policy ? ok(publicPolicy(policy)) : problem("TRUST_POLICY_NOT_FOUND");
}

/** The caller's organization's policies, newest first. `VALIDATION_ERROR` for a cursor of another list. */
export async function listTrustPolicies(
  context: Context,
  { organizationId }: Caller,
  request: PageRequest,
): Promise<Result<Page<TrustPolicy>>> {
  return pageOf({ name: "trust-policies", organizationId }, credentialIdSchema, request, {
    read: (page) => listRecords(context, organizationId, page),
    keyOf: ({ id }) => id,
    show: publicPolicy,
  });
}

/**
 * Deletes a policy: the tokens that were issued by it die before this returns.
 *
 * @returns `TRUST_POLICY_NOT_FOUND`, `FORBIDDEN` for an admin's policy when the caller is none
 */
export async function deleteTrustPolicy(
  context: Context,
  caller: Caller,
  policyId: CredentialId,
): Promise<Result<undefined>> {
  const { organizationId } = caller;
  const found = await findHeldPolicy(context, organizationId, policyId);
  if (!found) return problem("TRUST_POLICY_NOT_FOUND");
  const { holder, policy } = found;
  const refused = refuseChange(caller, holder);
  if (refused) return refused;

  const { agentId } = policy;
  const subject: RevocationTarget = { kind: "credential", agentId, credentialId: policyId };
  await ledgerOf(context, organizationId).withdraw(subject);
  const event = newEvent(context, actorOf(context, caller), {
    organizationId,
    action: "trust_policy.deleted",
    agentId,
    target: policyId,
    details: demandsOf(policy),
    data: { policyId, agentId },
  });
  const removed = await commitChange(
    context,
    [removeTrustPolicy(context, policyId)],
    [event],
    [delegationsEndedBy(context, organizationId, subject)],
  );
  return removed ? ok() : problem("TRUST_POLICY_NOT_FOUND");
}
