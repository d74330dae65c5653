/** The queries of the domains room, each named after the question it answers or the change it makes. */
import { and, desc, eq, getTableColumns, inArray, isNull, lt, ne, notExists, or, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import type { Database } from "../../platform/db/client.ts";
import { among, insertWhere, isAtOrBelowName, rowsWithoutLimit } from "../../platform/db/conditional.ts";
import { domains, organizations, resources } from "../../platform/db/schema.ts";
import type { DomainId, OrganizationId } from "../../platform/ids.ts";

type Db = Pick<Context, "db">;

export type Domain = typeof domains.$inferSelect;
export type DomainChange = Partial<Omit<Domain, "id" | "organizationId" | "domain" | "challenge" | "updatedAt">>;

/** The unique indexes, as SQLite names them. */
export const uniqueNames = {
  ofOrganization: "domains.organization_id, domains.domain",
  oneHolder: "domains.domain",
};

/** Adds a domain while the organization has fewer than `most`. */
export function insertDomain({ db }: Db, domain: Domain, most: number) {
  const count = sql`(SELECT count(*) FROM domains WHERE organization_id = ${domain.organizationId})`;
  return insertWhere(db, domains, domain, sql`${count} < ${most}`);
}

/** How many domains has the organization? */
export function countDomains({ db }: Db, organizationId: OrganizationId): Promise<number> {
  return db.$count(domains, eq(domains.organizationId, organizationId));
}

/** Which tier is the organization in? It decides how many domains it may have. */
export async function findPlanTier({ db }: Db, organizationId: OrganizationId) {
  const row = await db
    .select({ planTier: organizations.planTier })
    .from(organizations)
    .where(eq(organizations.id, organizationId))
    .get();
  return row?.planTier ?? "free";
}

/** Has the organization this domain? */
export async function findDomain({ db }: Db, organizationId: OrganizationId, domain: string): Promise<Domain | null> {
  const row = await db
    .select()
    .from(domains)
    .where(and(eq(domains.organizationId, organizationId), eq(domains.domain, domain)))
    .get();
  return row ?? null;
}

/** The organization's newest domains that are older than `before`. */
export function listDomains(
  { db }: Db,
  organizationId: OrganizationId,
  page: { readonly before: DomainId | null; readonly limit: number },
): Promise<Domain[]> {
  return db
    .select()
    .from(domains)
    .where(
      and(eq(domains.organizationId, organizationId), page.before === null ? undefined : lt(domains.id, page.before)),
    )
    .orderBy(desc(domains.id))
    .limit(page.limit);
}

/** Which other organization holds the name, or held it until its record was lost? */
export async function findOtherHolder({ db }: Db, domain: Domain): Promise<Domain | null> {
  const row = await db
    .select()
    .from(domains)
    .where(
      and(
        eq(domains.domain, domain.domain),
        ne(domains.organizationId, domain.organizationId),
        inArray(domains.status, ["verified", "lapsed"]),
        eq(domains.shared, false),
      ),
    )
    .orderBy(sql`status = 'verified' DESC`)
    .limit(1)
    .get();
  return row ?? null;
}

const isActive = and(eq(resources.status, "active"), isNull(resources.deletedAt));

const activeResources = (db: Database, organizationId: OrganizationId, name: string) =>
  db
    .select({ id: resources.id })
    .from(resources)
    .where(and(eq(resources.organizationId, organizationId), isActive, isAtOrBelowName(resources.host, name)))
    .limit(1);

/** Does an active resource of the organization lie at or below the name? */
export async function hasActiveResource({ db }: Db, organizationId: OrganizationId, name: string): Promise<boolean> {
  return (await activeResources(db, organizationId, name).get()) !== undefined;
}

/** The domains of other organizations at the names above that have an active resource at or below this one. */
const parentsInUse = (db: Database, domain: Domain, above: readonly string[]) =>
  db
    .select(getTableColumns(domains))
    .from(domains)
    .innerJoin(resources, eq(resources.organizationId, domains.organizationId))
    .where(
      and(
        sql`${domains.domain} IN ${among(above)}`,
        eq(domains.status, "verified"),
        ne(domains.organizationId, domain.organizationId),
        isActive,
        isAtOrBelowName(resources.host, domain.domain),
      ),
    )
    .limit(1);

/** Which other organization holds a name above and has an active resource at or below this one? */
export async function findParentInUse({ db }: Db, domain: Domain, above: readonly string[]): Promise<Domain | null> {
  return (await parentsInUse(db, domain, above).get()) ?? null;
}

/** Holds while no other organization with a name above has an active resource at or below this one. For the condition of a write. */
export const noParentInUse = ({ db }: Db, domain: Domain, above: readonly string[]): SQL =>
  notExists(parentsInUse(db, domain, above));

/** Holds while no active resource of the organization lies at or below the name. For the condition of a write. */
export const noActiveResource = ({ db }: Db, organizationId: OrganizationId, name: string): SQL =>
  notExists(activeResources(db, organizationId, name));

const hostOwner = (db: Database, organizationId: OrganizationId, suffixes: readonly string[]) =>
  db
    .select({ organizationId: domains.organizationId })
    .from(domains)
    .where(
      and(
        sql`${domains.domain} IN ${among(suffixes)}`,
        eq(domains.status, "verified"),
        or(eq(domains.shared, false), eq(domains.organizationId, organizationId)),
      ),
    )
    .orderBy(desc(sql`length(${domains.domain})`))
    .limit(1);

/** Whose verified domain is the longest at or above the host? A loopback name counts for the asking organization alone. */
export async function findHostOwner(
  { db }: Db,
  organizationId: OrganizationId,
  suffixes: readonly string[],
): Promise<OrganizationId | null> {
  return (await hostOwner(db, organizationId, suffixes).get())?.organizationId ?? null;
}

/** Holds while the organization is the owner of the host. For the condition of a write. */
export const isHostOwner = ({ db }: Db, organizationId: OrganizationId, suffixes: readonly string[]): SQL =>
  sql`${hostOwner(db, organizationId, suffixes)} = ${organizationId}`;

/** Changes a domain, unless it changed since it was read: `updatedAt` is its version, and only ever grows. */
export function updateDomain({ db }: Db, read: Domain, change: DomainChange, updatedAt: number, also?: SQL) {
  return db
    .update(domains)
    .set({ ...change, updatedAt })
    .where(and(eq(domains.id, read.id), eq(domains.updatedAt, read.updatedAt), also));
}

/** Removes a domain, unless it changed since it was read. */
export function deleteDomain({ db }: Db, read: Domain, condition?: SQL) {
  return db.delete(domains).where(and(eq(domains.id, read.id), eq(domains.updatedAt, read.updatedAt), condition));
}

/** All domains of an organization. */
export function domainsOf({ db }: Db, organizationId: OrganizationId): Promise<Domain[]> {
  return db.select().from(domains).where(eq(domains.organizationId, organizationId));
}

/** Some domains, and the number of all that a query found. */
export interface SomeDomains {
  readonly domains: readonly Domain[];
  readonly total: number;
}

/** In random order, so that domains that always fail do not block the others. */
async function someDomains({ db }: Db, which: SQL | undefined, limit: number): Promise<SomeDomains> {
  const rows = await db
    .select({ domain: getTableColumns(domains), total: rowsWithoutLimit })
    .from(domains)
    .where(which)
    .orderBy(sql`random()`)
    .limit(limit);
  return { domains: rows.map(({ domain }) => domain), total: rows[0]?.total ?? 0 };
}

/** Some domains that were last checked before `beforeMs`. */
export const domainsToCheck = (context: Db, beforeMs: number, limit: number): Promise<SomeDomains> =>
  someDomains(
    context,
    and(
      inArray(domains.status, ["verified", "lapsed"]),
      eq(domains.shared, false),
      or(isNull(domains.lastCheckedAt), lt(domains.lastCheckedAt, beforeMs)),
    ),
    limit,
  );

/** Some pending domains that were added before `beforeMs`. */
export const stalePending = (context: Db, beforeMs: number, limit: number): Promise<SomeDomains> =>
  someDomains(context, and(eq(domains.status, "pending"), lt(domains.createdAt, beforeMs)), limit);
