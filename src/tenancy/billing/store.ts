/** The queries of the billing room, each named after the question it answers or the change it makes. */
import { and, eq, lt, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { insertWhere, previousChanged } from "../../platform/db/conditional.ts";
import { billingAccounts, billingEvents } from "../../platform/db/schema.ts";
import type { OrganizationId } from "../../platform/ids.ts";

export type BillingAccount = typeof billingAccounts.$inferSelect;
export type BillingEvent = typeof billingEvents.$inferSelect;

/** Which account does the organization have at Stripe? */
export async function findAccount(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
): Promise<BillingAccount | null> {
  const row = await db.select().from(billingAccounts).where(eq(billingAccounts.organizationId, organizationId)).get();
  return row ?? null;
}

/** Whose customer is this? */
export async function findAccountOfCustomer(
  { db }: Pick<Context, "db">,
  customerId: string,
): Promise<BillingAccount | null> {
  const row = await db.select().from(billingAccounts).where(eq(billingAccounts.customerId, customerId)).get();
  return row ?? null;
}

/** Adds an account unless the organization has one. */
export function insertAccount({ db }: Pick<Context, "db">, account: BillingAccount) {
  return db.insert(billingAccounts).values(account).onConflictDoNothing();
}

/** Changes an account, unless it changed since it was read. */
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

/** The same, if the statement before changed a row. */
export function updateAccountIfChanged(
  context: Pick<Context, "db">,
  read: BillingAccount,
  change: Partial<Omit<BillingAccount, "organizationId" | "version">>,
) {
  return updateAccount(context, read, change, previousChanged);
}

/** Holds while the account is as it was read. */
export const accountUnchanged = ({ organizationId, version }: BillingAccount): SQL =>
  sql`EXISTS (SELECT 1 FROM ${billingAccounts}
    WHERE ${billingAccounts.organizationId} = ${organizationId} AND ${billingAccounts.version} = ${version})`;

/** Has the event had its effect? */
export async function isEventApplied({ db }: Pick<Context, "db">, eventId: string): Promise<boolean> {
  const row = await db.select({ id: billingEvents.id }).from(billingEvents).where(eq(billingEvents.id, eventId)).get();
  return row !== undefined;
}

/** Notes that the event has had its effect, if the statement before changed a row. */
export function insertEventIfChanged({ db }: Pick<Context, "db">, event: BillingEvent) {
  return insertWhere(db, billingEvents, event, previousChanged);
}

/** Forgets the events that came before the given time, in milliseconds. */
export function deleteEventsBefore({ db }: Pick<Context, "db">, ms: number) {
  return db.delete(billingEvents).where(lt(billingEvents.receivedAt, ms));
}
