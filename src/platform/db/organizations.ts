/** Queries about organizations for the layers below `tenancy/organizations`. */
import { and, asc, desc, eq, gt, gte, ne, type SQL, sql } from "drizzle-orm";
import type { WithDb } from "../context.ts";
import type { OrganizationId } from "../ids.ts";
import { organizations } from "./schema.ts";

/** The organization that runs the service; null before the set-up. */
export async function findOperator({ db }: WithDb): Promise<OrganizationId | null> {
  const [row] = await db.select({ id: organizations.id }).from(organizations).where(eq(organizations.isOperator, true));
  return row?.id ?? null;
}

async function findIds({ db }: WithDb, condition: SQL | undefined, order: SQL, limit: number) {
  const exists = ne(organizations.status, "deleted");
  const query = db.select({ id: organizations.id }).from(organizations).where(and(exists, condition));
  return (await query.orderBy(order).limit(limit)).map(({ id }) => id);
}

/** The organizations after an id, in the order of ids, without deleted ones. */
export const organizationsAfter = (context: WithDb, after: OrganizationId | null, limit: number) =>
  findIds(context, after === null ? undefined : gt(organizations.id, after), asc(organizations.id), limit);

/** Some of the organizations after an id, in random order, without deleted ones. */
export const someOrganizationsAfter = (context: WithDb, after: OrganizationId | null, limit: number) =>
  findIds(context, after === null ? undefined : gt(organizations.id, after), sql`random()`, limit);

/** The organizations created at or after a time, newest first, without deleted ones. */
export const organizationsCreatedSince = (context: WithDb, sinceMs: number, limit: number) =>
  findIds(context, gte(organizations.createdAt, sinceMs), desc(organizations.id), limit);
