/** Queries about organizations for the layers below `tenancy/organizations`. */
import { and, asc, desc, eq, gt, gte, ne } from "drizzle-orm";
import type { WithDb } from "../context.ts";
import type { OrganizationId } from "../ids.ts";
import { organizations } from "./schema.ts";

const idsOf = (rows: readonly { readonly id: OrganizationId }[]) => rows.map(({ id }) => id);

/** The organization that runs the service; null before the set-up. */
export async function findOperator({ db }: WithDb): Promise<OrganizationId | null> {
  const [row] = await db.select({ id: organizations.id }).from(organizations).where(eq(organizations.isOperator, true));
  return row?.id ?? null;
}

/** The organizations after an id, in the order of ids, without deleted ones. */
export async function organizationsAfter({ db }: WithDb, after: OrganizationId | null, limit: number) {
  const rows = await db
    .select({ id: organizations.id })
    .from(organizations)
    .where(and(ne(organizations.status, "deleted"), after === null ? undefined : gt(organizations.id, after)))
    .orderBy(asc(organizations.id))
    .limit(limit);
  return idsOf(rows);
}

/** The organizations created at or after a time, newest first, without deleted ones. */
export async function organizationsCreatedSince({ db }: WithDb, sinceMs: number, limit: number) {
  const rows = await db
    .select({ id: organizations.id })
    .from(organizations)
    .where(and(ne(organizations.status, "deleted"), gte(organizations.createdAt, sinceMs)))
    .orderBy(desc(organizations.id))
    .limit(limit);
  return idsOf(rows);
}
