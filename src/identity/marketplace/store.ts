/** The queries of the marketplace, each named after the question it answers. */
import { and, desc, eq, getTableColumns, lt, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { agents, organizations } from "../../platform/db/schema.ts";
import type { AgentId } from "../../platform/ids.ts";
import type { ListingFilter } from "./schema.ts";

/** Written out and not as parameters: else SQLite could not tell that the index `agents_public` has all of them. */
const isListed = sql`${agents.isPublic} = 1 AND ${agents.status} = 'active'`;

const listed = ({ db }: Pick<Context, "db">, ...conditions: (SQL | undefined)[]) =>
  db
    .select(getTableColumns(agents))
    .from(agents)
    .innerJoin(organizations, eq(organizations.id, agents.organizationId))
    .where(and(isListed, eq(organizations.status, "active"), ...conditions))
    .$dynamic();

/** Compared without LIKE, in which `%` and `_` mean something and a long text is an error. Folds ASCII letters only. */
const holds = (column: SQL | typeof agents.email | typeof agents.owner, text: string) =>
  sql`instr(lower(${column}), lower(${text})) > 0`;

const capabilities = sql`SELECT 1 FROM json_each(${agents.capabilities}) WHERE`;

/**
 * Looks only at what a listing shows, so that nobody finds out by searching what it does not: of an owner with an e-mail
 * address, that is nothing.
 */
const matches = (text: string) => sql`(
  ${holds(agents.email, text)}
  OR (instr(${agents.owner}, '@') = 0 AND ${holds(agents.owner, text)})
  OR EXISTS (${capabilities} ${holds(sql`value`, text)}))`;

/** What a page of the marketplace asks for. */
export interface ListingPage {
  readonly before: AgentId | null;
  readonly limit: number;
  /** How many agents are looked at, whether they pass the filter or not: whoever asks is nobody's customer. */
  readonly lookAt: number;
}

const olderThan = (before: AgentId | null) => (before === null ? undefined : lt(agents.id, before));

/**
 * The newest listed agents that pass the filter, among the next `lookAt` that are older than `before`.
 *
 * @returns also the last of those that were looked at; null when none is behind it
 */
export async function listPublicAgents(
  { db }: Pick<Context, "db">,
  { search, agentType, capability }: ListingFilter,
  { before, limit, lookAt }: ListingPage,
) {
  const looked = () =>
    db
      .select({ id: agents.id })
      .from(agents)
      .where(and(isListed, olderThan(before)))
      .orderBy(desc(agents.id))
      .offset(lookAt - 1);
  const [found, [last, behind]] = await db.batch([
    listed(
      { db },
      search === undefined ? undefined : matches(search),
      agentType && eq(agents.agentType, agentType),
      capability === undefined ? undefined : sql`EXISTS (${capabilities} value = ${capability})`,
      olderThan(before),
      sql`${agents.id} >= coalesce((${looked().limit(1)}), '')`,
    )
      .orderBy(desc(agents.id))
      .limit(limit),
    looked().limit(2),
  ]);
  return { found, lookedThrough: last && behind ? last.id : null };
}

/** Which listed agent has this id? */
export async function findPublicAgent(context: Pick<Context, "db">, agentId: AgentId) {
  const [agent] = await listed(context, eq(agents.id, agentId)).limit(1);
  return agent ?? null;
}
