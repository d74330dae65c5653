/** The queries of the resources room, each named after the question it answers or the change it makes. */
import { and, desc, eq, gt, inArray, isNull, lt, ne, notExists, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import type { Database } from "../../platform/db/client.ts";
import { among, insertWhere, isAtOrBelowName } from "../../platform/db/conditional.ts";
import { agents, organizations, resources } from "../../platform/db/schema.ts";
import type { AgentId, OrganizationId, ResourceId } from "../../platform/ids.ts";

type Db = Pick<Context, "db">;

export type Resource = typeof resources.$inferSelect;
export type ResourceChange = Partial<
  Pick<
    Resource,
    | "name"
    | "scopes"
    | "allowedOrganizations"
    | "servers"
    | "tokenTtlSeconds"
    | "requireDpop"
    | "status"
    | "displacedAt"
    | "deletedAt"
  >
>;

/** The unique indexes over identifiers, as SQLite names them: all of them, and those of loopback hosts. */
export const uniqueKeys = ["resources.key", "resources.organization_id, resources.key"];

const isKept = isNull(resources.deletedAt);

/** Adds a resource while the organization has fewer than `most`, and the conditions hold. */
export function insertResource({ db }: Db, resource: Resource, most: number, also: readonly SQL[]) {
  const count = sql`(SELECT count(*) FROM resources WHERE organization_id = ${resource.organizationId} AND deleted_at IS NULL)`;
  return insertWhere(db, resources, resource, sql.join([sql`${count} < ${most}`, ...also], sql` AND `));
}

/** How many resources has the organization? */
export function countResources({ db }: Db, organizationId: OrganizationId): Promise<number> {
  return db.$count(resources, and(eq(resources.organizationId, organizationId), isKept));
}

/** Which tier and which slug has the organization? */
export async function findOwner({ db }: Db, organizationId: OrganizationId) {
  const owner = { planTier: organizations.planTier, slug: organizations.slug };
  return (await db.select(owner).from(organizations).where(eq(organizations.id, organizationId)).get()) ?? null;
}

/** How many of these agents has the organization? */
export function countAgentsAmong({ db }: Db, organizationId: OrganizationId, ids: readonly AgentId[]): Promise<number> {
  return db.$count(agents, and(eq(agents.organizationId, organizationId), inArray(agents.id, [...ids])));
}

/** Which resource of the organization has this id? */
export async function findResource(
  { db }: Db,
  organizationId: OrganizationId,
  id: ResourceId,
): Promise<Resource | null> {
  const row = await db
    .select()
    .from(resources)
    .where(and(eq(resources.id, id), eq(resources.organizationId, organizationId), isKept))
    .get();
  return row ?? null;
}

/** Is one of these keys an active resource of the organization? */
export async function hasActiveResource(
  { db }: Db,
  organizationId: OrganizationId,
  keys: readonly string[],
): Promise<boolean> {
  const row = await db
    .select({ id: resources.id })
    .from(resources)
    .where(
      and(
        eq(resources.organizationId, organizationId),
        sql`${resources.key} IN ${among(keys)}`,
        eq(resources.status, "active"),
        isKept,
        isNull(resources.displacedAt),
      ),
    )
    .limit(1)
    .get();
  return row !== undefined;
}

/** The organization's newest resources that are older than `before`. */
export function listResources(
  { db }: Db,
  organizationId: OrganizationId,
  page: { readonly before: ResourceId | null; readonly limit: number },
): Promise<Resource[]> {
  const older = page.before === null ? undefined : lt(resources.id, page.before);
  return db
    .select()
    .from(resources)
    .where(and(eq(resources.organizationId, organizationId), isKept, older))
    .orderBy(desc(resources.id))
    .limit(page.limit);
}

const givenUpAt = sql<number>`min(coalesce(${resources.deletedAt}, ${resources.displacedAt}), coalesce(${resources.displacedAt}, ${resources.deletedAt}))`;

const givenUp = (db: Database, organizationId: OrganizationId, key: string, sinceMs: number) =>
  db
    .select({ at: givenUpAt })
    .from(resources)
    .where(
      and(
        eq(resources.key, key),
        ne(resources.organizationId, organizationId),
        eq(resources.shared, false),
        gt(givenUpAt, sinceMs),
      ),
    )
    .orderBy(desc(givenUpAt))
    .limit(1);

/**
 * When did another organization last give this identifier up, after `sinceMs`? Deleting, losing the domain and the end of the
 * organization give it up.
 */
export async function lastGivenUp(
  { db }: Db,
  organizationId: OrganizationId,
  key: string,
  sinceMs: number,
): Promise<number | null> {
  return (await givenUp(db, organizationId, key, sinceMs).get())?.at ?? null;
}

/** Holds while no other organization has given this identifier up after `sinceMs`. For the condition of a write. */
export const notGivenUp = ({ db }: Db, organizationId: OrganizationId, key: string, sinceMs: number): SQL =>
  notExists(givenUp(db, organizationId, key, sinceMs));

/** Changes a resource, unless it changed since it was read: `updatedAt` is its version, and only ever grows. */
export function updateResource({ db }: Db, read: Resource, change: ResourceChange, updatedAt: number, also?: SQL) {
  return db
    .update(resources)
    .set({ ...change, updatedAt })
    .where(and(eq(resources.id, read.id), eq(resources.updatedAt, read.updatedAt), isKept, also));
}

/** Which resources at or below the name belong to others, and are not displaced yet? */
export function resourcesOfOthers({ db }: Db, organizationId: OrganizationId, name: string): Promise<Resource[]> {
  return db
    .select()
    .from(resources)
    .where(
      and(
        ne(resources.organizationId, organizationId),
        isAtOrBelowName(resources.host, name),
        isKept,
        isNull(resources.displacedAt),
        eq(resources.shared, false),
      ),
    );
}

/** Which resources has the organization that are not displaced yet? */
export function resourcesOf({ db }: Db, organizationId: OrganizationId): Promise<Resource[]> {
  return db
    .select()
    .from(resources)
    .where(and(eq(resources.organizationId, organizationId), isKept, isNull(resources.displacedAt)));
}
