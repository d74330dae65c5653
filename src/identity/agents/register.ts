/** Registers agents: the organization, the authority, and the limit. */

import {
  notGrantable,
  refuseAdminScope,
  refuseGrant,
  refuseUnlessOperatorAdmin,
  refuseWithoutScope,
} from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { answering } from "../../access/idempotency/service.ts";
import { commitChange, newEvents } from "../../events/outbox.ts";
import { effectiveLimits } from "../../ledger/tier-limits.ts";
import type { Context } from "../../platform/context.ts";
import { violatesUnique } from "../../platform/db/client.ts";
import type { OrganizationId, Scope } from "../../platform/ids.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { count } from "../../platform/telemetry/recording.ts";
import { findOrganization } from "../../tenancy/organizations/service.ts";
import { countAgents, upgradeFrom } from "../../tenancy/tiers/service.ts";
import { prepareAgent } from "./prepare.ts";
import { publicAgent } from "./public-agent.ts";
import type { Agent, CreateAgent } from "./schema.ts";

const defaultScopes = ["agents:read", "delegations:write"] as readonly string[] as readonly Scope[];

/** The role of a new agent. An admin is made by the route of the members. */
const role = "member";

/**
 * Registers an agent as a member of the caller's organization, or of the one that an admin of the operator names.
 *
 * @returns `FORBIDDEN` for another organization or for powers beyond what the caller may grant, `AGENT_ALREADY_EXISTS` when
 *   the e-mail is taken, `FREE_TIER_LIMIT_EXCEEDED` at the limit of the tier, `ORGANIZATION_NOT_FOUND` to the operator only
 */
export async function registerAgent(context: Context, caller: Caller, input: CreateAgent): Promise<Result<Agent>> {
  const {
    organization_id: organizationId = caller.organizationId,
    publicKeyJwk,
    grantedScopes,
    description,
    ...fields
  } = input;
  const elsewhere = organizationId !== caller.organizationId;
  const refused =
    (elsewhere ? await refuseElsewhere(context, caller, organizationId) : null) ??
    refuseGrant(caller, { capabilities: fields.capabilities, grantedScopes: grantedScopes ?? [] }) ??
    refuseAdminScope({ role, grantedScopes: grantedScopes ?? [] });
  if (refused) return refused;

  const beyondCaller = notGrantable(caller, { capabilities: [], grantedScopes: defaultScopes });
  const prepared = await prepareAgent(
    context,
    {
      ...fields,
      organizationId,
      description: description ?? null,
      grantedScopes: grantedScopes ?? defaultScopes.filter((scope) => !beyondCaller.includes(scope)),
      role,
    },
    publicKeyJwk ?? null,
  );
  if (!prepared.ok) return prepared;
  const { agent, statements, created } = prepared.value;
  const events = newEvents(context, caller, created);
  const registered = publicAgent(context, agent);
  try {
    const answered = await answering(context, registered, agent.id);
    if (!(await commitChange(answered, statements, events))) return await whyRefused(context, organizationId);
  } catch (error) {
    if (violatesUnique(error, "agents.email")) return problem("AGENT_ALREADY_EXISTS");
    throw error;
  }
  return ok(registered);
}

/** Why the caller may not register an agent in this other organization, or null when it may. */
async function refuseElsewhere(
  context: Context,
  caller: Caller,
  organizationId: OrganizationId,
): Promise<Problem | null> {
  // The other organization's agent may get any power: only a token with admin:orgs grants what it does not carry.
  const refused =
    refuseUnlessOperatorAdmin(caller, "register agents in another one") ?? refuseWithoutScope(caller, "admin:orgs");
  if (refused) return refused;
  const organization = await findOrganization(context, organizationId);
  if (!organization) return problem("ORGANIZATION_NOT_FOUND");
  return organization.status === "active" ? null : organizationSuspended();
}

const organizationSuspended = () => problem("FORBIDDEN", "The organization is suspended.");

/** Why the insertion wrote nothing: the organization is not active, or its limit is reached. */
async function whyRefused(context: Context, organizationId: OrganizationId): Promise<Problem> {
  const organization = await findOrganization(context, organizationId);
  if (!organization) return problem("ORGANIZATION_NOT_FOUND");
  if (organization.status !== "active") return organizationSuspended();
  const max = effectiveLimits(organization).maxAgents;
  const current = await countAgents(context, organizationId);
  count("agentidp_rate_limit_rejections_total", { limit: "maxAgents" });
  return problem("FREE_TIER_LIMIT_EXCEEDED", `The organization may have ${max} agents and has ${current}.`, {
    // It does not reset by itself.
    details: {
      limit: "maxAgents",
      max,
      current,
      resetsAt: null,
      ...upgradeFrom(context, organization.planTier),
    },
  });
}
