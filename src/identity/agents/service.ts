/** The rules of agents, and the way to them for other rooms. */

import type { Caller } from "../../access/caller.ts";
import type { Context } from "../../platform/context.ts";
import { decodeCursor, encodeCursor, type Page, type PageRequest, page } from "../../platform/http/pagination.ts";
import { type AgentId, agentIdSchema, type OrganizationId } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { publicAgent } from "./public-agent.ts";
import type { Agent, AgentFilter } from "./schema.ts";
import { type AgentRecord, findAgent as findRecord, listAgents as listRecords } from "./store.ts";

export { refuseChange, refuseTakeover } from "../../access/authority.ts";
export { changeAgent } from "./change.ts";
export { decommissionAgent } from "./decommission.ts";
export { publicAgent } from "./public-agent.ts";
export { registerAgent } from "./register.ts";
export type { AgentRecord } from "./store.ts";

/** The agent with this id in this organization, whatever its status; null when the organization has none. For other rooms. */
export function findAgent(
  context: Context,
  organizationId: OrganizationId,
  agentId: AgentId,
): Promise<AgentRecord | null> {
  return findRecord(context.db, organizationId, agentId);
}

/** The agent as the wire shows it, decommissioned ones included. */
export async function readAgent(context: Context, caller: Caller, agentId: AgentId): Promise<Result<Agent>> {
  const agent = await findRecord(context.db, caller.organizationId, agentId);
  return agent ? ok(publicAgent(context, agent)) : problem("AGENT_NOT_FOUND");
}

/** The caller's organization's agents that pass the filter, newest first. `VALIDATION_ERROR` for a cursor of another list. */
export async function listAgents(
  context: Context,
  caller: Caller,
  { limit, cursor, ...filter }: PageRequest & AgentFilter,
): Promise<Result<Page<Agent>>> {
  const list = { name: "agents", organizationId: caller.organizationId };
  const before = decodeCursor(list, agentIdSchema, cursor);
  if (!before.ok) return before;
  const rows = await listRecords(context.db, caller.organizationId, filter, { before: before.value, limit: limit + 1 });
  const { data, nextCursor } = page(rows, limit, (last) => encodeCursor(list, last.id));
  return ok({ data: data.map((agent) => publicAgent(context, agent)), nextCursor });
}
