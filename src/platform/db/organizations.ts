/** Queries about organizations for the layers below `tenancy/organizations`. */
import { and, asc, desc, eq, gt, gte, ne } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { OrganizationId } from "../ids.ts";
import { organizations } from "./schema.ts";

const idsOf = (rows: readonly { readonly id: OrganizationId }[]) => rows.map(({ id }) => id);

/** Which organization runs the service? null before the set-up. */
export async function findOperator({ db }: Pick<Context, "db">): Promise<OrganizationId | null> {
  const [row] = await db.select({ id: organizations.id }).from(organizations).where(eq(organizations.isOperator, true));
  return row?.id ?? null;
}

/** The organizations after an id, in the order of ids, without the deleted ones. */
export async function organizationsAfter({ db }: Pick<Context, "db">, after: OrganizationId | null, limit: number) {
  const rows = await db
    .select({ id: organizations.id })
    .from(organizations)
    .where(and(ne(organizations.status, "deleted"), after === null ? undefined : gt(organizations.id, after)))
    .orderBy(asc(organizations.id))
    .limit(limit);
  return idsOf(rows);
}

/** The organizations made at or after a time, newest first, without the deleted ones. */
export async function organizationsCreatedSince({ db }: Pick<Context, "db">, sinceMs: number, limit: number) {
  const rows = await db
    .select({ id: organizations.id })
    .from(organizations)
    .where(and(ne(organizations.status, "deleted"), gte(organizations.createdAt, sinceMs)))
    .orderBy(desc(organizations.id))
    .limit(limit);
  return idsOf(rows);
}
