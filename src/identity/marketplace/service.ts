/** The marketplace: the agents that their organizations want to be found. */
import type { Context } from "../../platform/context.ts";
import {
  decodeCursor,
  encodeCursor,
  type List,
  type Page,
  type PageRequest,
  page,
} from "../../platform/http/pagination.ts";
import { type AgentId, agentIdSchema } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { type AgentCard, agentCard } from "../dids/service.ts";
import type { ListingFilter } from "./schema.ts";
import { findPublicAgent, listPublicAgents } from "./store.ts";

/** An agent as everybody sees it. */
export type Listing = Omit<AgentCard, "owner"> & { readonly agentId: AgentId; readonly owner: string | null };

/** Agents that one page looks at: nobody has to sign in to ask, and a search can find nothing in all of them. */
const lookAt = 2_000;

const list: List = { name: "marketplace", organizationId: "public" };

function listing({ settings }: Context, agent: NonNullable<Awaited<ReturnType<typeof findPublicAgent>>>): Listing {
  const { owner, ...card } = agentCard(settings.issuer, agent);
  // Of the people behind an agent nobody publishes the address by publishing the agent.
  return { agentId: agent.id, ...card, owner: owner.includes("@") ? null : owner };
}

/**
 * A page of the listed agents that pass the filter, newest first. One page looks at 2,000 agents: where few of them pass, it is
 * shorter than asked for, or empty, and the next goes on behind them. `VALIDATION_ERROR` for a cursor of another list.
 */
export async function listListings(
  context: Context,
  { limit, cursor, ...filter }: PageRequest & ListingFilter,
): Promise<Result<Page<Listing>>> {
  const before = decodeCursor(list, agentIdSchema, cursor);
  if (!before.ok) return before;
  const asked = { before: before.value, limit: limit + 1, lookAt };
  const { found, lookedThrough } = await listPublicAgents(context, filter, asked);
  const { data, nextCursor } = page(found, limit, (last) => encodeCursor(list, last.id));
  const goOn = lookedThrough === null ? null : encodeCursor(list, lookedThrough);
  return ok({ data: data.map((agent) => listing(context, agent)), nextCursor: nextCursor ?? goOn });
}

/** One listed agent; `AGENT_NOT_FOUND` for any that is not listed, whyever. */
export async function readListing(context: Context, agentId: AgentId): Promise<Result<Listing>> {
  const agent = await findPublicAgent(context, agentId);
  return agent ? ok(listing(context, agent)) : problem("AGENT_NOT_FOUND", "The marketplace has no agent with this id.");
}
