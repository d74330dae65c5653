/** The queries of the organizations room, each named after the question it answers or the change it makes. */
import { and, desc, eq, exists, isNotNull, isNull, lt, ne, type SQL } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import type { Context } from "../../platform/context.ts";
import { agents, organizations } from "../../platform/db/schema.ts";
import type { AgentId, OrganizationId } from "../../platform/ids.ts";
import type { Member } from "./schema.ts";

export type Organization = typeof organizations.$inferSelect;

/** What can change in an organization. */
export type OrganizationChange = Partial<
  Pick<Organization, "name" | "planTier" | "maxAgents" | "maxTokensPerMonth" | "status">
>;

const notDeleted = ne(organizations.status, "deleted");

export function insertOrganization({ db }: Pick<Context, "db">, organization: Organization) {
  return db.insert(organizations).values(organization);
}

/** Which organization has this id, unless it is deleted? */
export async function findLiveOrganization(
  { db }: Pick<Context, "db">,
  id: OrganizationId,
): Promise<Organization | null> {
  const row = await db
    .select()
    .from(organizations)
    .where(and(eq(organizations.id, id), notDeleted))
    .get();
  return row ?? null;
}

/** The newest live organizations, of all or of `only` one, that are older than `before`. */
export function listLiveOrganizations(
  { db }: Pick<Context, "db">,
  page: { readonly only: OrganizationId | null; readonly before: OrganizationId | null; readonly limit: number },
): Promise<Organization[]> {
  const conditions: SQL[] = [notDeleted];
  if (page.only) conditions.push(eq(organizations.id, page.only));
  if (page.before) conditions.push(lt(organizations.id, page.before));
  return db
    .select()
    .from(organizations)
    .where(and(...conditions))
    .orderBy(desc(organizations.id))
    .limit(page.limit);
}

/** Changes an organization, unless it changed since it was read: `updatedAt` is its version, and only ever grows. */
export function updateOrganization(
  { db }: Pick<Context, "db">,
  read: Organization,
  change: OrganizationChange,
  updatedAt: number,
) {
  return db
    .update(organizations)
    .set({ ...change, updatedAt })
    .where(and(eq(organizations.id, read.id), eq(organizations.updatedAt, read.updatedAt), notDeleted));
}

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

/**
 * Gives an agent another role, unless its role changed since it was read. An admin loses the role only while another
 * active admin remains: decided here, so that of two admins who demote each other at once one stays.
 */
export function updateRole(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  { agentId, role: read }: Membership,
  role: Membership["role"],
) {
  const others = alias(agents, "others");
  const anotherAdmin = db
    .select({ id: others.id })
    .from(others)
    .where(
      and(
        eq(others.organizationId, organizationId),
        ne(others.id, agentId),
        eq(others.role, "admin"),
        eq(others.status, "active"),
      ),
    );
  return db
    .update(agents)
    .set({ role })
    .where(
      and(
        eq(agents.organizationId, organizationId),
        eq(agents.id, agentId),
        ne(agents.status, "decommissioned"),
        read === null ? isNull(agents.role) : eq(agents.role, read),
        read === "admin" && role !== "admin" ? exists(anotherAdmin) : undefined,
      ),
    );
}
