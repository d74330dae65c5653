/** Agent info: the UserInfo endpoint (OpenID Connect Core 5.3) of agents. */
import type { Caller } from "../../access/caller.ts";
import type { Context } from "../../platform/context.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { holdsDomainOf } from "../../tenancy/domains/service.ts";
import { findOrganization } from "../../tenancy/organizations/service.ts";
import { readAgent } from "../agents/service.ts";
import type { AgentInfo } from "./schema.ts";

/** The record of the token's agent as it is now, and not as it was when the token was issued. `scope` is that of the token. */
export async function readAgentInfo(context: Context, caller: Caller): Promise<Result<AgentInfo>> {
  const [agent, organization] = await Promise.all([
    readAgent(context, caller, caller.agentId),
    findOrganization(context, caller.organizationId),
  ]);
  if (!agent.ok) return agent;
  if (!organization) return problem("ORGANIZATION_NOT_FOUND");
  const { agentId, email, agentType, capabilities, owner, deploymentEnv, version, organization_id, did } = agent.value;
  return ok({
    sub: agentId,
    agentId,
    email,
    email_verified: false,
    email_domain_verified: await holdsDomainOf(context, organization_id, email),
    agentType,
    capabilities,
    owner,
    deploymentEnv,
    version,
    organization_id,
    organization_slug: organization.slug,
    role: caller.role,
    scope: caller.scopes.join(" "),
    did,
  });
}
