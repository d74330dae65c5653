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
import { problem } from "../../platform/http/problems.ts";
import { type AgentId, agentIdSchema } from "../../platform/ids.ts";
import { ok, type Result } from "../../platform/result.ts";
import { type AgentCard, agentCard } from "../dids/service.ts";
import type { ListingFilter } from "./schema.ts";
import { findPublicAgent, listPublicAgents } from "./store.ts";

/** An agent as everybody sees it. */
export type Listing = Omit<AgentCard, "owner"> & { readonly agentId: AgentId; readonly owner: string | null };

const list: List = { name: "marketplace", organizationId: "public" };

function listing({ settings }: Context, agent: NonNullable<Awaited<ReturnType<typeof findPublicAgent>>>): Listing {
  const { owner, ...card } = agentCard(settings.issuer, agent);
  // Of the people behind an agent nobody publishes the address by publishing the agent.
  return { agentId: agent.id, ...card, owner: owner.includes("@") ? null : owner };
}

/** A page of the listed agents that pass the filter, newest first. `VALIDATION_ERROR` for a cursor of another list. */
export async function listListings(
  context: Context,
  { limit, cursor, ...filter }: PageRequest & ListingFilter,
): Promise<Result<Page<Listing>>> {
  const before = decodeCursor(list, agentIdSchema, cursor);
  if (!before.ok) return before;
  const rows = await listPublicAgents(context, filter, { before: before.value, limit: limit + 1 });
  const { data, nextCursor } = page(rows, limit, (last) => encodeCursor(list, last.id));
  return ok({ data: data.map((agent) => listing(context, agent)), nextCursor });
}

/** One listed agent; `AGENT_NOT_FOUND` for any that is not listed, whyever. */
export async function readListing(context: Context, agentId: AgentId): Promise<Result<Listing>> {
  const agent = await findPublicAgent(context, agentId);
  return agent ? ok(listing(context, agent)) : problem("AGENT_NOT_FOUND", "The marketplace has no agent with this id.");
}
