/** The queries over webhook subscriptions and their signing secrets. */
import { and, desc, eq, isNull, lt, lte, ne, or, type SQL, sql } from "drizzle-orm";
import type { Context } from "../../platform/context.ts";
import { among, insertWhere, previousChanged } from "../../platform/db/conditional.ts";
import {
  webhookDeliveries,
  webhookDeliveryAttempts,
  webhookPastStates,
  webhookSecrets,
  webhookSubscriptions,
} from "../../platform/db/schema.ts";
import type { OrganizationId, WebhookId } from "../../platform/ids.ts";

export type WebhookSubscription = typeof webhookSubscriptions.$inferSelect;
export type SealedSecret = typeof webhookSecrets.$inferSelect;

/** The fields of a subscription that can change. */
export type SubscriptionChange = Partial<
  Pick<WebhookSubscription, "name" | "url" | "events" | "active" | "failureCount" | "slowUntil" | "matchesAfter">
>;

/** Whether a subscription still has this URL. */
export const hasUrl = (url: string): SQL => eq(webhookSubscriptions.url, url);

/** Adds a subscription, unless its organization is deleted or has `most` subscriptions already. */
export function insertSubscription({ db }: Pick<Context, "db">, row: WebhookSubscription, most: number) {
  const { organizationId } = row;
  const isRoom = sql`(SELECT count(*) FROM webhook_subscriptions WHERE organization_id = ${organizationId}) < ${most}`;
  const isThere = sql`EXISTS (SELECT 1 FROM organizations WHERE id = ${organizationId} AND status <> 'deleted')`;
  return insertWhere(db, webhookSubscriptions, row, sql`${isThere} AND ${isRoom}`);
}

/** Adds a secret, if the previous statement of the batch changed a row. */
export function insertSecretIfChanged({ db }: Pick<Context, "db">, row: SealedSecret) {
  return insertWhere(db, webhookSecrets, row, previousChanged);
}

/** The number of the organization's subscriptions. */
export async function countSubscriptions({ db }: Pick<Context, "db">, organizationId: OrganizationId): Promise<number> {
  return db.$count(webhookSubscriptions, eq(webhookSubscriptions.organizationId, organizationId));
}

/** The subscription with this id of the organization. */
export function findSubscription({ db }: Pick<Context, "db">, organizationId: OrganizationId, id: WebhookId) {
  const isThis = and(eq(webhookSubscriptions.organizationId, organizationId), eq(webhookSubscriptions.id, id));
  return db.select().from(webhookSubscriptions).where(isThis).get();
}

/** The organization's newest subscriptions before the id `before`. */
export function listSubscriptions(
  { db }: Pick<Context, "db">,
  organizationId: OrganizationId,
  page: { readonly before: WebhookId | null; readonly limit: number },
): Promise<WebhookSubscription[]> {
  const older = page.before === null ? undefined : lt(webhookSubscriptions.id, page.before);
  return db
    .select()
    .from(webhookSubscriptions)
    .where(and(eq(webhookSubscriptions.organizationId, organizationId), older))
    .orderBy(desc(webhookSubscriptions.id))
    .limit(page.limit);
}

/** The organization's active subscriptions, for events in the outbox from before the version that names the matching ones. */
export function findActiveSubscriptions({ db }: Pick<Context, "db">, organizationId: OrganizationId) {
  const { id, events, createdAt } = webhookSubscriptions;
  return db
    .select({ id, events, createdAt })
    .from(webhookSubscriptions)
    .where(and(eq(webhookSubscriptions.organizationId, organizationId), eq(webhookSubscriptions.active, true)));
}

/** Changes a subscription, unless it has changed since it was read: `updatedAt` is its version and always grows. */
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

/**
 * Keeps the state of a subscription that ends now, if the previous statement of the batch changed a row.
 *
 * @param last the last event of the ledger's chain that it matched
 */
export function keepPastStateIfChanged(
  { db }: Pick<Context, "db">,
  { organizationId, id, matchesAfter, events }: WebhookSubscription,
  last: number,
) {
  const row = { organizationId, subscriptionId: id, afterSequence: matchesAfter ?? 0, lastSequence: last, events };
  return insertWhere(db, webhookPastStates, row, previousChanged);
}

/** The same for a subscription as it is in D1. */
export function keepStateOfDisabledIfChanged({ db }: Pick<Context, "db">, id: WebhookId, last: number) {
  return db.insert(webhookPastStates).select(
    sql`SELECT organization_id, id, coalesce(matches_after, 0), ${last}, events FROM webhook_subscriptions
      WHERE id = ${id} AND coalesce(matches_after, 0) < ${last} AND ${previousChanged}`,
  );
}

/** Deletes the past states whose events are all in D1: the ledger brings its events there in their order. */
export async function deletePastStates({ db }: Pick<Context, "db">): Promise<void> {
  await db.delete(webhookPastStates).where(sql`last_sequence <= (
    SELECT sequence FROM audit_chains WHERE audit_chains.organization_id = webhook_past_states.organization_id)`);
}

/** Deletes a subscription, unless it has changed since it was read. */
export function deleteSubscription({ db }: Pick<Context, "db">, { id, updatedAt }: WebhookSubscription) {
  return db
    .delete(webhookSubscriptions)
    .where(and(eq(webhookSubscriptions.id, id), eq(webhookSubscriptions.updatedAt, updatedAt)));
}

/** Deletes the secrets, the past states, and the deliveries with their attempts of a deleted subscription. */
export function deleteContentOf({ db }: Pick<Context, "db">, { id, organizationId }: WebhookSubscription) {
  return [
    db.delete(webhookSecrets).where(eq(webhookSecrets.subscriptionId, id)),
    db
      .delete(webhookPastStates)
      .where(and(eq(webhookPastStates.organizationId, organizationId), eq(webhookPastStates.subscriptionId, id))),
    db.delete(webhookDeliveryAttempts).where(eq(webhookDeliveryAttempts.endpointId, id)),
    db.delete(webhookDeliveries).where(eq(webhookDeliveries.endpointId, id)),
  ] as const;
}

/** Limits the older secrets of the subscription to the given time. */
export function expireSecretsBut({ db }: Pick<Context, "db">, newest: SealedSecret, expiresAt: number) {
  const isOlder = and(eq(webhookSecrets.subscriptionId, newest.subscriptionId), ne(webhookSecrets.id, newest.id));
  return db
    .update(webhookSecrets)
    .set({ expiresAt })
    .where(and(isOlder, isNull(webhookSecrets.expiresAt)));
}

/** Deletes expired secrets, and all but the newest `most`. */
export function deleteSpentSecrets({ db }: Pick<Context, "db">, id: WebhookId, nowMs: number, most: number) {
  const newest = sql`(SELECT id FROM webhook_secrets WHERE subscription_id = ${id}
    ORDER BY expires_at IS NOT NULL, id DESC LIMIT ${most})`;
  const isSpent = or(lte(webhookSecrets.expiresAt, nowMs), sql`${webhookSecrets.id} NOT IN ${newest}`);
  return db.delete(webhookSecrets).where(and(eq(webhookSecrets.subscriptionId, id), isSpent));
}

const areTheirs = (organizationIds: readonly OrganizationId[]) => sql`organization_id IN ${among(organizationIds)}`;

/** Stops the webhooks of organizations, and removes their secrets and past states. */
export function stopWebhooksOf({ db }: Pick<Context, "db">, organizationIds: readonly OrganizationId[]) {
  const isTheirs = areTheirs(organizationIds);
  return [
    db.update(webhookSubscriptions).set({ active: false }).where(sql`${isTheirs} AND active = 1`),
    db.delete(webhookSecrets).where(sql`subscription_id IN (SELECT id FROM webhook_subscriptions WHERE ${isTheirs})`),
    db.delete(webhookPastStates).where(isTheirs),
  ] as const;
}

/** Holds for some deliveries of the organizations' webhooks: at most `limit`. */
export const areDeliveriesOf = (organizationIds: readonly OrganizationId[], limit: number): SQL =>
  sql`id IN (SELECT id FROM webhook_deliveries WHERE subscription_id IN
    (SELECT id FROM webhook_subscriptions WHERE ${areTheirs(organizationIds)}) ORDER BY id LIMIT ${limit})`;

/** Removes the webhooks of organizations that have no deliveries any more. */
export function removeWebhooksWithoutDeliveries(
  { db }: Pick<Context, "db">,
  organizationIds: readonly OrganizationId[],
) {
  const hasDelivery = sql`EXISTS (SELECT 1 FROM webhook_deliveries WHERE subscription_id = webhook_subscriptions.id)`;
  return db.delete(webhookSubscriptions).where(sql`${areTheirs(organizationIds)} AND NOT ${hasDelivery}`);
}
