/** Agent info: the UserInfo endpoint (OpenID Connect Core 5.3) of a service whose users are agents. */

import type { Caller } from "../../access/caller.ts";
import type { Context } from "../../platform/context.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { readAgent } from "../agents/service.ts";
import type { AgentInfo } from "./schema.ts";

/** What the service knows of the agent whose token this is, as of now and not as of when the token was issued. */
export async function readAgentInfo(context: Context, caller: Caller): Promise<Result<AgentInfo>> {
  const agent = await readAgent(context, caller, caller.agentId);
  if (!agent.ok) return agent;
  const { agentId, email, agentType, capabilities, owner, deploymentEnv, version, organization_id, did } = agent.value;
  return ok({
    sub: agentId,
    agentId,
    email,
    agentType,
    capabilities,
    owner,
    deploymentEnv,
    version,
    organization_id,
    did,
  });
}
