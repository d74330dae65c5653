/** The queries of the organizations room, each named after the question it answers or the change it makes. */
import { and, desc, eq, lt, ne, type SQL } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { organizations } from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";

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
  also?: SQL,
) {
  return db
    .update(organizations)
    .set({ ...change, updatedAt })
    .where(and(eq(organizations.id, read.id), eq(organizations.updatedAt, read.updatedAt), notDeleted, also));
}
