/** The rules of agents. */

import type { Caller } from "../../access/caller.ts";
import type { Context } from "../../platform/context.ts";
import { type Page, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import { type AgentId, agentIdSchema } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { publicAgent } from "./public-agent.ts";
import type { Agent, AgentFilter } from "./schema.ts";
import { findAgent, listAgents as listRecords } from "./store.ts";

export { changeAgent } from "./change.ts";
export { decommissionAgent } from "./decommission.ts";
export { eraseAgent } from "./erase.ts";
export { erasedTexts } from "./erased.ts";
export { prepareAgent } from "./prepare.ts";
export { registerAgent } from "./register.ts";
export {
  agentsToClear,
  agentsToErase,
  countToClear,
  endAndErase,
  findAgent,
  markCleared,
  removePrivateKeys,
} from "./store.ts";

/** The wire form of an agent, also of a decommissioned one. */
export async function readAgent(context: Context, caller: Caller, agentId: AgentId): Promise<Result<Agent>> {
  const agent = await findAgent(context, caller.organizationId, agentId);
  return agent ? ok(publicAgent(context, agent)) : problem("AGENT_NOT_FOUND");
}

/** The caller's organization's agents that pass the filter, newest first. `VALIDATION_ERROR` for a cursor of another list. */
export async function listAgents(
  context: Context,
  caller: Caller,
  query: PageRequest & AgentFilter,
): Promise<Result<Page<Agent>>> {
  const { organizationId } = caller;
  return pageOf({ name: "agents", organizationId }, agentIdSchema, query, {
    read: (page) => listRecords(context, organizationId, query, page),
    keyOf: ({ id }) => id,
    show: (agent) => publicAgent(context, agent),
  });
}
