/** The queries of compliance. */
import { and, asc, count, eq, getTableColumns, gt, isNull, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { agentKeys, agents, credentials, organizations, trustPolicies } from "../../platform/db/schema.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";

const activeAgents = (organizationId: OrganizationId) =>
  and(eq(agents.organizationId, organizationId), eq(agents.status, "active"));

/** The organization's active agents after this id, in the order of their ids. */
export function listActiveAgents(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  page: { readonly after: AgentId | null; readonly limit: number },
) {
  return db
    .select()
    .from(agents)
    .where(and(activeAgents(organizationId), page.after === null ? undefined : gt(agents.id, page.after)))
    .orderBy(asc(agents.id))
    .limit(page.limit);
}

/** How many active agents has the organization? */
export async function countActiveAgents({ db }: Pick<Context, "db">, organizationId: OrganizationId): Promise<number> {
  const row = await db.select({ count: count() }).from(agents).where(activeAgents(organizationId)).get();
  return row?.count ?? 0;
}

/** Which agent of any organization has this id, and what is the organization's status and slug? */
export async function findAgentOfAnyOrganization({ db }: Pick<Context, "db">, agentId: AgentId) {
  const row = await db
    .select({ ...getTableColumns(agents), organizationStatus: organizations.status, slug: organizations.slug })
    .from(agents)
    .innerJoin(organizations, eq(organizations.id, agents.organizationId))
    .where(eq(agents.id, agentId))
    .get();
  return row ?? null;
}

const countOf = (condition: SQL) => sql<number>`count(CASE WHEN ${condition} THEN 1 END)`;

/** How many credentials of the organization are in each state, without the revoked ones? Times are since the epoch. */
export async function countCredentials(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  { nowMs, oldBeforeMs, expiringBeforeMs }: Readonly<Record<"nowMs" | "oldBeforeMs" | "expiringBeforeMs", number>>,
) {
  const hasExpired = sql`coalesce(${credentials.expiresAt} <= ${nowMs}, 0)`;
  const isOrphaned = sql`${agents.status} = 'decommissioned'`;
  const isUsable = sql`(NOT ${isOrphaned} AND NOT ${hasExpired})`;
  const row = await db
    .select({
      active: countOf(isUsable),
      old: countOf(sql`${isUsable} AND coalesce(${credentials.rotatedAt}, ${credentials.createdAt}) <= ${oldBeforeMs}`),
      expiring: countOf(sql`${isUsable} AND ${credentials.expiresAt} <= ${expiringBeforeMs}`),
      expired: countOf(sql`${hasExpired} AND NOT ${isOrphaned}`),
      orphaned: countOf(isOrphaned),
    })
    .from(agents)
    .innerJoin(credentials, eq(credentials.agentId, agents.id))
    .where(and(eq(agents.organizationId, organizationId), isNull(credentials.revokedAt)))
    .get();
  return row ?? { active: 0, old: 0, expiring: 0, expired: 0, orphaned: 0 };
}

/** How many active agents cannot sign in: no active credential, no trust policy, no key of their own? */
export async function countAgentsWithoutSignIn(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  nowMs: number,
): Promise<number> {
  const liveCredential = sql`SELECT 1 FROM ${credentials} WHERE ${credentials.agentId} = ${agents.id}
    AND ${credentials.revokedAt} IS NULL AND coalesce(${credentials.expiresAt} > ${nowMs}, 1)`;
  const policy = sql`SELECT 1 FROM ${trustPolicies} WHERE ${trustPolicies.agentId} = ${agents.id}`;
  const ownKey = sql`SELECT 1 FROM ${agentKeys} WHERE ${agentKeys.agentId} = ${agents.id}
    AND ${agentKeys.replacedAt} IS NULL AND ${agentKeys.privateSealed} IS NULL`;
  const row = await db
    .select({ count: count() })
    .from(agents)
    .where(
      and(
        activeAgents(organizationId),
        sql`NOT EXISTS (${liveCredential})`,
        sql`NOT EXISTS (${policy})`,
        sql`NOT EXISTS (${ownKey})`,
      ),
    )
    .get();
  return row?.count ?? 0;
}
