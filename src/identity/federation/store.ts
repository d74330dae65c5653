/** The queries of federation partners. */
import { and, desc, eq } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { olderThan } from "../../platform/db/conditional.ts";
import { federationPartners } from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";

export type Partner = typeof federationPartners.$inferSelect;

/** The fields of a partner that can change. */
export type PartnerChange = Partial<
  Pick<
    Partner,
    "name" | "jwksUri" | "jwks" | "audiences" | "requireScopes" | "allowedOrganizations" | "expiresAt" | "status"
  >
>;

/** The unique index over organization and issuer, as SQLite names it. */
export const issuerColumns = "federation_partners.organization_id, federation_partners.issuer";

export function insertPartner({ db }: Pick<Context, "db">, partner: Partner) {
  return db.insert(federationPartners).values(partner);
}

/** Which partner of the organization has this id, or exactly this issuer? */
export async function findPartner(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  by: { readonly id: string } | { readonly issuer: string },
): Promise<Partner | null> {
  const { id, issuer } = federationPartners;
  const row = await db
    .select()
    .from(federationPartners)
    .where(
      and(eq(federationPartners.organizationId, organizationId), "id" in by ? eq(id, by.id) : eq(issuer, by.issuer)),
    )
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
    .where(and(eq(federationPartners.organizationId, organizationId), olderThan(federationPartners.id, page.before)))
    .orderBy(desc(federationPartners.id))
    .limit(page.limit);
}

/** Changes a partner unless it changed since it was read: `updatedAt` is its version and only grows. */
export function updatePartner({ db }: Pick<Context, "db">, read: Partner, change: PartnerChange, updatedAt: number) {
  return db
    .update(federationPartners)
    .set({ ...change, updatedAt })
    .where(and(eq(federationPartners.id, read.id), eq(federationPartners.updatedAt, read.updatedAt)));
}

/** Deletes a partner, unless it has changed since it was read. */
export function deletePartner({ db }: Pick<Context, "db">, { id, updatedAt }: Partner) {
  return db
    .delete(federationPartners)
    .where(and(eq(federationPartners.id, id), eq(federationPartners.updatedAt, updatedAt)));
}
