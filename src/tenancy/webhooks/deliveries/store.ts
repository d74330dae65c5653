/** The queries over webhook deliveries that are not of the machine: what is added, what the history shows, and what signs. */
import { and, count, desc, eq, type SQL, sql } from "drizzle-orm";
import type { DomainEvent } from "../../../events/catalogue.ts";
import type { Context } from "../../../platform/context.ts";
import { insertWhere } from "../../../platform/db/conditional.ts";
import { webhookDeliveries, webhookSecrets, webhookSubscriptions } from "../../../platform/db/schema.ts";
import type { DeliveryId, WebhookId } from "../../../platform/ids.ts";
import type { DeliveryQuery } from "../schema.ts";

export type DeliveryRow = typeof webhookDeliveries.$inferSelect;

/** A subscription as it is called, with one of the secrets that sign for it; null where there is none. */
export interface FoundEndpoint {
  readonly id: WebhookId;
  readonly url: string;
  readonly slowUntil: number;
  readonly secretId: string | null;
  readonly privateSealed: string | null;
}

/** Adds the event's delivery to each of the subscriptions that is active and has none of it yet. */
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

/** Adds a delivery whose attempt begins at once, if its subscription is still there. */
export function insertClaimed({ db }: Pick<Context, "db">, row: DeliveryRow) {
  const isThere = sql`EXISTS (SELECT 1 FROM webhook_subscriptions WHERE id = ${row.endpointId})`;
  return insertWhere(db, webhookDeliveries, row, isThere);
}

/** Some subscriptions, each once for every secret that signs at present, its newest secret first. */
export function findEndpoints({ db, now }: Pick<Context, "db" | "now">, ids: SQL) {
  return db
    .select({
      id: webhookSubscriptions.id,
      url: webhookSubscriptions.url,
      slowUntil: webhookSubscriptions.slowUntil,
      // D1 answers a batch with objects, so no two columns may have one name.
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

/** The same for one of them. */
export const findEndpoint = (context: Pick<Context, "db" | "now">, id: WebhookId) =>
  findEndpoints(context, sql`(${id})`);

/** A page of a subscription's deliveries, newest first, and how many there are in all. */
export async function listDeliveries(
  { db }: Pick<Context, "db">,
  subscriptionId: WebhookId,
  { limit, offset, status }: DeliveryQuery,
): Promise<{ readonly rows: DeliveryRow[]; readonly total: number }> {
  const which = and(eq(webhookDeliveries.endpointId, subscriptionId), status && eq(webhookDeliveries.status, status));
  const [rows, [counted]] = await db.batch([
    db.select().from(webhookDeliveries).where(which).orderBy(desc(webhookDeliveries.id)).limit(limit).offset(offset),
    db.select({ total: count() }).from(webhookDeliveries).where(which),
  ]);
  return { rows, total: counted?.total ?? 0 };
}

/** Which delivery of the subscription has this id? */
export async function findDelivery(
  { db }: Pick<Context, "db">,
  subscriptionId: WebhookId,
  id: DeliveryId,
): Promise<DeliveryRow | null> {
  const row = await db
    .select()
    .from(webhookDeliveries)
    .where(and(eq(webhookDeliveries.endpointId, subscriptionId), eq(webhookDeliveries.id, id)))
    .get();
  return row ?? null;
}
