/** The queries of the federation room, each named after the question it answers or the change it makes. */
import { and, desc, eq, lt } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { federationPartners } from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";

export type Partner = typeof federationPartners.$inferSelect;

/** What can change in a partner. */
export type PartnerChange = Partial<
  Pick<Partner, "name" | "jwksUri" | "allowedOrganizations" | "expiresAt" | "status">
>;

/** Its unique index over organization and issuer, as SQLite names it. */
export const issuerColumns = "federation_partners.organization_id, federation_partners.issuer";

export function insertPartner({ db }: Pick<Context, "db">, partner: Partner) {
  return db.insert(federationPartners).values(partner);
}

/** Which partner of the organization has this id? */
export async function findPartner(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  id: string,
): Promise<Partner | null> {
  const row = await db
    .select()
    .from(federationPartners)
    .where(and(eq(federationPartners.organizationId, organizationId), eq(federationPartners.id, id)))
    .get();
  return row ?? null;
}

/** Which partner of the organization has exactly this issuer? */
export async function findPartnerOfIssuer(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  issuer: string,
): Promise<Partner | null> {
  const row = await db
    .select()
    .from(federationPartners)
    .where(and(eq(federationPartners.organizationId, organizationId), eq(federationPartners.issuer, issuer)))
    .get();
  return row ?? null;
}

/** The organization's newest partners that are older than `before`. */
export function listPartners(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  page: { readonly before: string | null; readonly limit: number },
): Promise<Partner[]> {
  return db
    .select()
    .from(federationPartners)
    .where(
      and(
        eq(federationPartners.organizationId, organizationId),
        page.before === null ? undefined : lt(federationPartners.id, page.before),
      ),
    )
    .orderBy(desc(federationPartners.id))
    .limit(page.limit);
}

/** Changes a partner, unless it changed since it was read: `updatedAt` is its version, and only ever grows. */
export function updatePartner({ db }: Pick<Context, "db">, read: Partner, change: PartnerChange, updatedAt: number) {
  return db
    .update(federationPartners)
    .set({ ...change, updatedAt })
    .where(and(eq(federationPartners.id, read.id), eq(federationPartners.updatedAt, read.updatedAt)));
}

/** Deletes a partner, if it is there. */
export function deletePartner({ db }: Pick<Context, "db">, { id }: Partner) {
  return db.delete(federationPartners).where(eq(federationPartners.id, id));
}
