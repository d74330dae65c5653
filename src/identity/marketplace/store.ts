/** The queries of the marketplace. */
import { and, desc, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { holdsText, olderThan } from "../../platform/db/conditional.ts";
import { agents, organizations } from "../../platform/db/schema.ts";
import type { AgentId } from "../../platform/ids.ts";
import type { ListingFilter } from "./schema.ts";

/** Literals, not parameters: SQLite must see that the partial index `agents_public` applies. */
const isListed = sql`${agents.isPublic} = 1 AND ${agents.status} = 'active'`;

const listed = ({ db }: Pick<Context, "db">, ...conditions: (SQL | undefined)[]) =>
  db
    .select(getTableColumns(agents))
    .from(agents)
    .innerJoin(organizations, eq(organizations.id, agents.organizationId))
    .where(and(isListed, eq(organizations.status, "active"), ...conditions))
    .$dynamic();

const capabilities = sql`SELECT 1 FROM json_each(${agents.capabilities}) WHERE`;

/** Searches only what a listing shows: an owner with an e-mail address must not be found. */
const matches = (text: string) => sql`(
  ${holdsText(agents.email, text)}
  OR (instr(${agents.owner}, '@') = 0 AND ${holdsText(agents.owner, text)})
  OR EXISTS (${capabilities} ${holdsText(sql`value`, text)}))`;

/**
 * The newest listed agents that match the filter, among the next `scanLimit` agents that are older than `before`.
 *
 * @returns `lastScanned`: the last agent that was searched; null when no older one exists
 */
export async function listPublicAgents(
  { db }: Pick<Context, "db">,
  { search, agentType, capability }: ListingFilter,
  { before, limit, scanLimit }: { before: AgentId | null; limit: number; scanLimit: number },
) {
  const scanned = () =>
    db
      .select({ id: agents.id })
      .from(agents)
      .where(and(isListed, olderThan(agents.id, before)))
      .orderBy(desc(agents.id))
      .offset(scanLimit - 1);
  const [found, [last, older]] = await db.batch([
    listed(
      { db },
      search === undefined ? undefined : matches(search),
      agentType && eq(agents.agentType, agentType),
      capability === undefined ? undefined : sql`EXISTS (${capabilities} value = ${capability})`,
      olderThan(agents.id, before),
      sql`${agents.id} >= coalesce((${scanned().limit(1)}), '')`,
    )
      .orderBy(desc(agents.id))
      .limit(limit),
    scanned().limit(2),
  ]);
  return { found, lastScanned: last && older ? last.id : null };
}

/** Which listed agent has this id? */
export async function findPublicAgent(context: Pick<Context, "db">, agentId: AgentId) {
  const [agent] = await listed(context, eq(agents.id, agentId)).limit(1);
  return agent ?? null;
}
