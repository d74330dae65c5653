/** The marketplace: the agents that their organizations publish. */
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
import { type AgentCard, agentCard, publicOwner } from "../dids/service.ts";
import type { ListingFilter } from "./schema.ts";
import { findPublicAgent, listPublicAgents } from "./store.ts";

/** A published agent. */
export type Listing = Omit<AgentCard, "owner"> & { readonly agentId: AgentId; readonly owner: string | null };

/** The most agents that one page searches: the path is public, and a search can match none of them. */
const scanLimit = 2_000;

const list: List = { name: "marketplace", organizationId: "public" };

function listing({ settings }: Context, agent: NonNullable<Awaited<ReturnType<typeof findPublicAgent>>>): Listing {
  const { owner, ...card } = agentCard(settings.issuer, agent);
  // To publish an agent does not publish the e-mail address of its owner.
  return { agentId: agent.id, ...card, owner: publicOwner(owner) };
}

/**
 * A page of the listed agents that match the filter, newest first. One page searches 2,000 agents: with few matches it is
 * shorter than `limit`, or empty, and the next page continues after them. `VALIDATION_ERROR` for a cursor of another list.
 */
export async function listListings(
  context: Context,
  { limit, cursor, ...filter }: PageRequest & ListingFilter,
): Promise<Result<Page<Listing>>> {
  const before = decodeCursor(list, agentIdSchema, cursor);
  if (!before.ok) return before;
  const request = { before: before.value, limit: limit + 1, scanLimit };
  const { found, lastScanned } = await listPublicAgents(context, filter, request);
  const { data, nextCursor } = page(found, limit, (last) => encodeCursor(list, last.id));
  const scanned = lastScanned === null ? null : encodeCursor(list, lastScanned);
  return ok({ data: data.map((agent) => listing(context, agent)), nextCursor: nextCursor ?? scanned });
}

/** One listed agent; `AGENT_NOT_FOUND` for any other. */
export async function readListing(context: Context, agentId: AgentId): Promise<Result<Listing>> {
  const agent = await findPublicAgent(context, agentId);
  return agent ? ok(listing(context, agent)) : problem("AGENT_NOT_FOUND", "The marketplace has no agent with this id.");
}
