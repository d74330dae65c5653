/** The queries of DIDs. */
import { and, asc, desc, eq, getTableColumns, gt, isNull, or } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { agentKeys, agents, organizations } from "../../platform/db/schema.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";

/** The subject of a DID document, from D1. */
export type DidSubject = NonNullable<Awaited<ReturnType<typeof findSubject>>>;

/** Which agent has this id, and which of its keys are current or were replaced after this time, newest first? One round trip. */
export async function findSubject({ db }: Pick<Context, "db">, agentId: AgentId, replacedAfterMs: number) {
  const [[agent], keys] = await db.batch([
    db
      .select({
        ...getTableColumns(agents),
        // The rows of a batch are keyed by column name, and both tables have a status.
        organizationStatus: organizations.status.getSQL().mapWith(organizations.status).as("organization_status"),
        slug: organizations.slug,
      })
      .from(agents)
      .innerJoin(organizations, eq(organizations.id, agents.organizationId))
      .where(eq(agents.id, agentId)),
    db
      .select({ number: agentKeys.number, publicJwk: agentKeys.publicJwk, replacedAt: agentKeys.replacedAt })
      .from(agentKeys)
      .where(
        and(
          eq(agentKeys.agentId, agentId),
          or(isNull(agentKeys.replacedAt), gt(agentKeys.replacedAt, replacedAfterMs)),
        ),
      )
      .orderBy(desc(agentKeys.number)),
  ]);
  return agent ? { ...agent, keys } : null;
}

/** The organization's active agents after this id, in the order of their ids, each with its current key. */
export async function listActiveSubjects(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  page: { readonly after: AgentId | null; readonly limit: number },
): Promise<DidSubject[]> {
  const { number, publicJwk, replacedAt } = agentKeys;
  const rows = await db
    .select({
      agent: getTableColumns(agents),
      organizationStatus: organizations.status,
      slug: organizations.slug,
      key: { number, publicJwk, replacedAt },
    })
    .from(agents)
    .innerJoin(organizations, eq(organizations.id, agents.organizationId))
    .leftJoin(agentKeys, and(eq(agentKeys.agentId, agents.id), isNull(agentKeys.replacedAt)))
    .where(
      and(
        eq(agents.organizationId, organizationId),
        eq(agents.status, "active"),
        page.after === null ? undefined : gt(agents.id, page.after),
      ),
    )
    .orderBy(asc(agents.id))
    .limit(page.limit);
  return rows.map(({ agent, key, ...organization }) => ({ ...agent, ...organization, keys: key ? [key] : [] }));
}
