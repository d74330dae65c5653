/** The queries over organizations. */
import { and, desc, eq, lt, ne, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { among } from "../../platform/db/conditional.ts";
import { organizations } from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";

export type Organization = typeof organizations.$inferSelect;

/** The fields of an organization that can change. */
export type OrganizationChange = Partial<
  Pick<Organization, "name" | "planTier" | "maxAgents" | "maxTokensPerMonth" | "status">
>;

const notDeleted = ne(organizations.status, "deleted");

export function insertOrganization({ db }: Pick<Context, "db">, organization: Organization) {
  return db.insert(organizations).values(organization);
}

/** The organization with this id, suspended or not; undefined when there is none or it is deleted. */
export function findOrganization({ db }: Pick<Context, "db">, id: OrganizationId): Promise<Organization | undefined> {
  const isLive = and(eq(organizations.id, id), notDeleted);
  return db.select().from(organizations).where(isLive).get();
}

/** The newest organizations before the id `before`, of all or of `only` one, without deleted ones. */
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

/** Changes an organization, unless it has changed since it was read: `updatedAt` is its version and always grows. */
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

const isToClear = sql`status = 'deleted' AND cleared_at IS NULL`;

/** Some deleted organizations of which something may be left to remove. */
export async function organizationsToClear({ db }: Pick<Context, "db">, limit: number): Promise<OrganizationId[]> {
  const { id } = organizations;
  const rows = await db.select({ id }).from(organizations).where(isToClear).orderBy(sql`random()`).limit(limit);
  return rows.map((row) => row.id);
}

/** How many deleted organizations have something left to remove? */
export async function countOrganizationsToClear({ db }: Pick<Context, "db">): Promise<number> {
  return db.$count(organizations, isToClear);
}

/** Notes that nothing is left to remove of deleted organizations, where no agent, no webhook and no kept answer is left. */
export async function markOrganizationsCleared(
  { db }: Pick<Context, "db">,
  ids: readonly OrganizationId[],
  nowMs: number,
): Promise<void> {
  const isLeft = sql`EXISTS (SELECT 1 FROM agents WHERE organization_id = organizations.id AND erased_at IS NULL)
    OR EXISTS (SELECT 1 FROM webhook_subscriptions WHERE organization_id = organizations.id)
    OR EXISTS (SELECT 1 FROM idempotent_requests WHERE organization_id = organizations.id)`;
  await db
    .update(organizations)
    .set({ clearedAt: nowMs })
    .where(and(sql`${organizations.id} IN ${among(ids)}`, isToClear, sql`NOT (${isLeft})`));
}
