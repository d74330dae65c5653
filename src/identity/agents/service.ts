/** The rules of agents. */
import { z } from "@hono/zod-openapi";
import type { Caller } from "../../access/caller.ts";
import type { Context } from "../../platform/context.ts";
import { filtered, type Page, pageOf } from "../../platform/http/pagination.ts";
import { type AgentId, agentIdSchema } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { publicAgent } from "./public-agent.ts";
import type { Agent, AgentList } from "./schema.ts";
import { type AgentRecord, findAgent, listAgents as listRecords } from "./store.ts";

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
export { summarizeAgents } from "./summary.ts";

/** The key of a page by e-mail, which a forged cursor may fill with anything. */
const emailKeySchema = z.string().max(254);

/** The wire form of an agent, also of a decommissioned one. */
export async function readAgent(
  context: Context,
  caller: Pick<Caller, "organizationId">,
  agentId: AgentId,
): Promise<Result<Agent>> {
  const agent = await findAgent(context, caller.organizationId, agentId);
  return agent ? ok(publicAgent(context, agent)) : problem("AGENT_NOT_FOUND");
}

/**
 * The caller's organization's agents that pass the filter, in the order of `sort`. `VALIDATION_ERROR` for a cursor of another list,
 * which one of another order or another search is.
 */
export async function listAgents(context: Context, caller: Caller, query: AgentList): Promise<Result<Page<Agent>>> {
  const { organizationId } = caller;
  const { sort, search } = query;
  const byEmail = sort.endsWith("email");
  // Without the default order: cursors of the list are older than the parameter.
  const list = filtered({ name: "agents", organizationId }, { search, sort: sort === "-createdAt" ? undefined : sort });
  return pageOf<string, AgentRecord, Agent>(list, byEmail ? emailKeySchema : agentIdSchema, query, {
    read: (page) => listRecords(context, organizationId, query, page),
    keyOf: ({ id, email }) => (byEmail ? email : id),
    show: (agent) => publicAgent(context, agent),
  });
}
