/** The queries of membership: which agent of an organization has which role. */
import { and, desc, eq, isNotNull, isNull, lt, ne, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../../platform/context.ts";
import { agents } from "../../../platform/db/schema.ts";
import type { AgentId, OrganizationId } from "../../../platform/ids.ts";
import type { Member } from "./schema.ts";

/** An agent's place among the members; `role` is null when it has none. */
export interface Membership {
  readonly agentId: AgentId;
  readonly role: Member["role"] | null;
}

const membership = { agentId: agents.id, role: agents.role };

/** Which role does this agent have in this organization? null: the organization has no such agent any more. */
export async function findMembership(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  agentId: AgentId,
): Promise<Membership | null> {
  const row = await db
    .select(membership)
    .from(agents)
    .where(and(eq(agents.organizationId, organizationId), eq(agents.id, agentId), ne(agents.status, "decommissioned")))
    .get();
  return row ?? null;
}

/** The newest agents with a role that are older than `before`. */
export async function listMembers(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  page: { readonly before: AgentId | null; readonly limit: number },
): Promise<Member[]> {
  const conditions: SQL[] = [
    eq(agents.organizationId, organizationId),
    ne(agents.status, "decommissioned"),
    isNotNull(agents.role),
  ];
  if (page.before) conditions.push(lt(agents.id, page.before));
  const rows = await db
    .select(membership)
    .from(agents)
    .where(and(...conditions))
    .orderBy(desc(agents.id))
    .limit(page.limit);
  return rows.flatMap(({ agentId, role }) => (role ? [{ agentId, role }] : []));
}

/** Only an admin has `admin:orgs`, so that the role takes the scope along. */
const withoutAdminScope = sql`(SELECT json_group_array(value) FROM json_each(${agents.grantedScopes}) WHERE value <> 'admin:orgs')`;

/**
 * Gives an agent another role, unless its role changed since it was read or `also` does not hold. Advances its version: its scopes
 * can change with its role.
 */
export function updateRole(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  { agentId, role: read }: Membership,
  role: Membership["role"],
  nowMs: number,
  also: SQL | undefined,
) {
  return db
    .update(agents)
    .set({
      role,
      updatedAt: sql`max(${agents.updatedAt} + 1, ${nowMs})`,
      ...(role === "admin" ? {} : { grantedScopes: withoutAdminScope }),
    })
    .where(
      and(
        eq(agents.organizationId, organizationId),
        eq(agents.id, agentId),
        ne(agents.status, "decommissioned"),
        read === null ? isNull(agents.role) : eq(agents.role, read),
        also,
      ),
    );
}
