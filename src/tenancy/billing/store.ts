/** The queries over billing accounts and over Stripe's events. */
import { and, eq, lt, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { insertWhere, previousChanged } from "../../platform/db/conditional.ts";
import { billingAccounts, billingEvents } from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";

export type BillingAccount = typeof billingAccounts.$inferSelect;
export type BillingEvent = typeof billingEvents.$inferSelect;

/** The account of the organization. */
export function findAccount({ db }: Pick<Context, "db">, organizationId: OrganizationId) {
  return db.select().from(billingAccounts).where(eq(billingAccounts.organizationId, organizationId)).get();
}

/** The account with this customer at Stripe. */
export function findAccountOfCustomer({ db }: Pick<Context, "db">, customerId: string) {
  return db.select().from(billingAccounts).where(eq(billingAccounts.customerId, customerId)).get();
}

/** Adds an account without a subscription, unless the organization has an account. */
export function insertAccount({ db }: Pick<Context, "db">, organizationId: OrganizationId, customerId: string) {
  return db.insert(billingAccounts).values({ organizationId, customerId, version: 1 }).onConflictDoNothing();
}

/** Changes an account, unless it has changed since it was read. */
export function updateAccount(
  { db }: Pick<Context, "db">,
  read: BillingAccount,
  change: Partial<Omit<BillingAccount, "organizationId" | "version">>,
  also?: SQL,
) {
  return db
    .update(billingAccounts)
    .set({ ...change, version: read.version + 1 })
    .where(
      and(eq(billingAccounts.organizationId, read.organizationId), eq(billingAccounts.version, read.version), also),
    );
}

/** Holds while the account is unchanged since it was read. */
export const accountUnchanged = ({ organizationId, version }: BillingAccount): SQL =>
  sql`EXISTS (SELECT 1 FROM ${billingAccounts}
    WHERE ${billingAccounts.organizationId} = ${organizationId} AND ${billingAccounts.version} = ${version})`;

/** Whether the event has had its effect. */
export async function isEventApplied({ db }: Pick<Context, "db">, eventId: string): Promise<boolean> {
  const row = await db.select({ id: billingEvents.id }).from(billingEvents).where(eq(billingEvents.id, eventId)).get();
  return row !== undefined;
}

/** Records that the event has had its effect, if the previous statement changed a row. */
export function insertEventIfChanged({ db }: Pick<Context, "db">, event: BillingEvent) {
  return insertWhere(db, billingEvents, event, previousChanged);
}

/** Deletes the events received before the given time, in milliseconds since the epoch. */
export function deleteEventsBefore({ db }: Pick<Context, "db">, ms: number) {
  return db.delete(billingEvents).where(lt(billingEvents.receivedAt, ms));
}
