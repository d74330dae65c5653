/** The cards of all active agents of an organization. */
import type { Caller } from "../../access/caller.ts";
import { agentCard } from "../../identity/dids/service.ts";
import type { Context } from "../../platform/context.ts";
import type { AgentId } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { a2aCard } from "./cards/a2a.ts";
import type { CardAgent } from "./cards/card-agent.ts";
import { oasfRecord } from "./cards/oasf.ts";
import type { CardQuery } from "./schema.ts";
import { listActiveAgents } from "./store.ts";

/** The most agents in memory at once. */
const pageSize = 250;

function shapeOf(issuer: string, { format, oasfVersion }: CardQuery): (agent: CardAgent) => object {
  if (format === "oasf") return (agent) => oasfRecord(issuer, agent, oasfVersion);
  const cardOf = format === "a2a" ? a2aCard : agentCard;
  return (agent) => cardOf(issuer, agent);
}

/**
 * The cards, a page at a time, oldest agent first. The first page is read before this returns, so that an unavailable
 * database is an error and not a truncated list. `COMPLIANCE_DISABLED` when the operator disabled compliance.
 */
export async function listAgentCards(
  context: Context,
  { organizationId }: Caller,
  query: CardQuery,
): Promise<Result<AsyncGenerator<readonly object[], void>>> {
  if (!context.settings.complianceEnabled) return problem("COMPLIANCE_DISABLED");
  const shape = shapeOf(context.settings.issuer, query);
  const pageAfter = (after: AgentId | null) => listActiveAgents(context, organizationId, { after, limit: pageSize });
  const first = await pageAfter(null);
  async function* pages() {
    for (let page = first; ; ) {
      yield page.map(shape);
      const last = page.at(-1);
      if (!last || page.length < pageSize) return;
      page = await pageAfter(last.id);
    }
  }
  return ok(pages());
}
