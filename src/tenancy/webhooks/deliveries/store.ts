/** The queries over webhook deliveries beside those of `deliveries/`: new rows, the history, and the secrets that sign. */
import { and, count, desc, eq, type SQL, sql } from "drizzle-orm";
import type { DomainEvent } from "../../../events/catalogue.ts";
import type { Context } from "../../../platform/context.ts";
import { insertWhere } from "../../../platform/db/conditional.ts";
import { webhookDeliveries, webhookSecrets, webhookSubscriptions } from "../../../platform/db/schema.ts";
import type { DeliveryId, WebhookId } from "../../../platform/ids.ts";
import type { DeliveryQuery } from "../schema.ts";

export type DeliveryRow = typeof webhookDeliveries.$inferSelect;

/** The endpoint of a subscription with one of its secrets; null for no secret. */
export interface FoundEndpoint {
  readonly id: WebhookId;
  readonly url: string;
  readonly slowUntil: number;
  readonly secretId: string | null;
  readonly privateSealed: string | null;
}

/** Adds a delivery of the event for each target that is active and has none yet. */
export function insertDeliveries(
  { db }: Pick<Context, "db">,
  event: Pick<DomainEvent, "id" | "organizationId" | "action">,
  payload: string,
  targets: readonly { readonly id: DeliveryId; readonly subscriptionId: WebhookId }[],
  nowMs: number,
) {
  return db
    .insert(webhookDeliveries)
    .select(
      sql`SELECT planned.value ->> 'id', ${event.organizationId}, target.id, ${event.id}, ${event.action},
        ${payload}, 'pending', 0, ${nowMs}, NULL, NULL, NULL, NULL, NULL, ${nowMs}, ${nowMs}
      FROM json_each(${JSON.stringify(targets)}) AS planned
      JOIN webhook_subscriptions AS target ON target.id = planned.value ->> 'subscriptionId' WHERE target.active = 1`,
    )
    .onConflictDoNothing();
}

/** Adds a delivery that is claimed already, if its subscription still exists. */
export function insertClaimed({ db }: Pick<Context, "db">, row: DeliveryRow) {
  const isThere = sql`EXISTS (SELECT 1 FROM webhook_subscriptions WHERE id = ${row.endpointId})`;
  return insertWhere(db, webhookDeliveries, row, isThere);
}

/** Some subscriptions with one row for each valid secret, the newest secret first. */
export function findEndpoints({ db, now }: Pick<Context, "db" | "now">, ids: SQL) {
  return db
    .select({
      id: webhookSubscriptions.id,
      url: webhookSubscriptions.url,
      slowUntil: webhookSubscriptions.slowUntil,
      // D1 returns a batch as objects, so two columns must not have the same name.
      secretId: sql<string | null>`${webhookSecrets.id}`.as("secret_id"),
      privateSealed: webhookSecrets.privateSealed,
    })
    .from(webhookSubscriptions)
    .leftJoin(
      webhookSecrets,
      and(
        eq(webhookSecrets.subscriptionId, webhookSubscriptions.id),
        sql`coalesce(${webhookSecrets.expiresAt} > ${now()}, true)`,
      ),
    )
    .where(sql`${webhookSubscriptions.id} IN ${ids}`)
    .orderBy(sql`${webhookSecrets.expiresAt} IS NOT NULL`, desc(webhookSecrets.id));
}

/** The same for one subscription. */
export const findEndpoint = (context: Pick<Context, "db" | "now">, id: WebhookId) =>
  findEndpoints(context, sql`(${id})`);

/** A page of a subscription's deliveries, newest first, and their total. */
export async function listDeliveries(
  { db }: Pick<Context, "db">,
  subscriptionId: WebhookId,
  { limit, offset, status }: DeliveryQuery,
): Promise<{ readonly rows: DeliveryRow[]; readonly total: number }> {
  const which = and(eq(webhookDeliveries.endpointId, subscriptionId), status && eq(webhookDeliveries.status, status));
  const [rows, [counts]] = await db.batch([
    db.select().from(webhookDeliveries).where(which).orderBy(desc(webhookDeliveries.id)).limit(limit).offset(offset),
    db.select({ total: count() }).from(webhookDeliveries).where(which),
  ]);
  return { rows, total: counts?.total ?? 0 };
}

/** The delivery with this id of the subscription. */
export function findDelivery({ db }: Pick<Context, "db">, subscriptionId: WebhookId, id: DeliveryId) {
  const isThis = and(eq(webhookDeliveries.endpointId, subscriptionId), eq(webhookDeliveries.id, id));
  return db.select().from(webhookDeliveries).where(isThis).get();
}
