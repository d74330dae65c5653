/** The queries over webhook subscriptions and their signing secrets. */
import { and, count, desc, eq, isNull, lt, lte, ne, or, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { insertWhere, previousChanged } from "../../platform/db/conditional.ts";
import { webhookDeliveries, webhookSecrets, webhookSubscriptions } from "../../platform/db/schema.ts";
import type { OrganizationId, WebhookId } from "../../platform/ids.ts";

export type WebhookSubscription = typeof webhookSubscriptions.$inferSelect;
export type SealedSecret = typeof webhookSecrets.$inferSelect;

/** What can change in a subscription. */
export type SubscriptionChange = Partial<
  Pick<WebhookSubscription, "name" | "url" | "events" | "active" | "failureCount" | "slowUntil">
>;

/** Adds a subscription, unless its organization has `most` of them. */
export function insertSubscription({ db }: Pick<Context, "db">, row: WebhookSubscription, most: number) {
  const { organizationId } = row;
  const isRoom = sql`(SELECT count(*) FROM webhook_subscriptions WHERE organization_id = ${organizationId}) < ${most}`;
  return insertWhere(db, webhookSubscriptions, row, isRoom);
}

/** Adds a secret when the statement before it in the batch changed a row. */
export function insertSecretIfChanged({ db }: Pick<Context, "db">, row: SealedSecret) {
  return insertWhere(db, webhookSecrets, row, previousChanged);
}

/** How many subscriptions does the organization have? */
export async function countSubscriptions({ db }: Pick<Context, "db">, organizationId: OrganizationId): Promise<number> {
  const [row] = await db
    .select({ count: count() })
    .from(webhookSubscriptions)
    .where(eq(webhookSubscriptions.organizationId, organizationId));
  return row?.count ?? 0;
}

/** Which subscription of the organization has this id? */
export async function findSubscription(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  id: WebhookId,
): Promise<WebhookSubscription | null> {
  const row = await db
    .select()
    .from(webhookSubscriptions)
    .where(and(eq(webhookSubscriptions.organizationId, organizationId), eq(webhookSubscriptions.id, id)))
    .get();
  return row ?? null;
}

/** The organization's newest subscriptions that are older than `before`. */
export function listSubscriptions(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  page: { readonly before: WebhookId | null; readonly limit: number },
): Promise<WebhookSubscription[]> {
  return db
    .select()
    .from(webhookSubscriptions)
    .where(
      and(
        eq(webhookSubscriptions.organizationId, organizationId),
        page.before === null ? undefined : lt(webhookSubscriptions.id, page.before),
      ),
    )
    .orderBy(desc(webhookSubscriptions.id))
    .limit(page.limit);
}

/** Who in the organization is to be told of anything at present? */
export function findActiveSubscriptions(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
): Promise<Pick<WebhookSubscription, "id" | "events" | "createdAt">[]> {
  const { id, events, createdAt } = webhookSubscriptions;
  return db
    .select({ id, events, createdAt })
    .from(webhookSubscriptions)
    .where(and(eq(webhookSubscriptions.organizationId, organizationId), eq(webhookSubscriptions.active, true)));
}

/** Changes a subscription, unless it changed since it was read: `updatedAt` is its version, and only ever grows. */
export function updateSubscription(
  { db }: Pick<Context, "db">,
  read: WebhookSubscription,
  change: SubscriptionChange,
  updatedAt: number,
) {
  return db
    .update(webhookSubscriptions)
    .set({ ...change, updatedAt })
    .where(and(eq(webhookSubscriptions.id, read.id), eq(webhookSubscriptions.updatedAt, read.updatedAt)));
}

/** Notes that something of a subscription's has changed. */
export function touchSubscription({ db }: Pick<Context, "db">, id: WebhookId, nowMs: number) {
  return db
    .update(webhookSubscriptions)
    .set({ updatedAt: sql`max(updated_at + 1, ${nowMs})` })
    .where(eq(webhookSubscriptions.id, id))
    .returning();
}

export function deleteSubscription({ db }: Pick<Context, "db">, { id }: WebhookSubscription) {
  return db.delete(webhookSubscriptions).where(eq(webhookSubscriptions.id, id));
}

/** Deletes what belongs to a subscription that is there no more. */
export function deleteSecretsOf({ db }: Pick<Context, "db">, { id }: WebhookSubscription) {
  return db.delete(webhookSecrets).where(eq(webhookSecrets.subscriptionId, id));
}

export function deleteDeliveriesOf({ db }: Pick<Context, "db">, { id }: WebhookSubscription) {
  return db.delete(webhookDeliveries).where(eq(webhookDeliveries.endpointId, id));
}

/** Lets the secrets before this one sign along until then, and no longer. */
export function expireSecretsBut({ db }: Pick<Context, "db">, newest: SealedSecret, expiresAt: number) {
  return db
    .update(webhookSecrets)
    .set({ expiresAt })
    .where(
      and(
        eq(webhookSecrets.subscriptionId, newest.subscriptionId),
        isNull(webhookSecrets.expiresAt),
        ne(webhookSecrets.id, newest.id),
      ),
    );
}

/** Deletes the secrets that sign no more: those that have expired, and all but the newest few. */
export function deleteSpentSecrets(
  { db }: Pick<Context, "db">,
  subscriptionId: WebhookId,
  nowMs: number,
  most: number,
) {
  const newest = sql`(SELECT id FROM webhook_secrets WHERE subscription_id = ${subscriptionId}
    ORDER BY expires_at IS NOT NULL, id DESC LIMIT ${most})`;
  return db
    .delete(webhookSecrets)
    .where(
      and(
        eq(webhookSecrets.subscriptionId, subscriptionId),
        or(lte(webhookSecrets.expiresAt, nowMs), sql`${webhookSecrets.id} NOT IN ${newest}`),
      ),
    );
}
