/** The queries over webhook deliveries beside those of `deliveries/`: new rows, the history, and the secrets that sign. */
import { and, count, desc, eq, type SQL, sql } from "drizzle-orm";
import type { DomainEvent } from "../../../events/catalogue.ts";
import type { Context } from "../../../platform/context.ts";
import { insertWhere } from "../../../platform/db/conditional.ts";
import { webhookDeliveries, webhookSecrets, webhookSubscriptions } from "../../../platform/db/schema.ts";
import type { AgentId, DeliveryId, WebhookId } from "../../../platform/ids.ts";
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

/** Adds a delivery of the event for each target that exists and has none yet. That of a paused target waits. */
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
        ${payload}, 'pending', 0, ${nowMs}, NULL, NULL, NULL, NULL, NULL, NULL, ${nowMs}, ${nowMs}
      FROM json_each(${JSON.stringify(targets)}) AS planned
      JOIN webhook_subscriptions AS target ON target.id = planned.value ->> 'subscriptionId' WHERE true`,
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

/** The query for the delivery with this id of the subscription. */
export function deliveryWithId({ db }: Pick<Context, "db">, subscriptionId: WebhookId, id: DeliveryId) {
  const isThis = and(eq(webhookDeliveries.endpointId, subscriptionId), eq(webhookDeliveries.id, id));
  return db.select().from(webhookDeliveries).where(isThis);
}

/** The delivery with this id of the subscription. */
export const findDelivery = (context: Pick<Context, "db">, subscriptionId: WebhookId, id: DeliveryId) =>
  deliveryWithId(context, subscriptionId, id).get();

/** The delivery of an event of an agent. Literals as in the index `webhook_deliveries_of_agent`, so that SQLite uses it. */
const isOfAgent = (agentId: SQL): SQL =>
  sql`delivery.payload ->> '$.data.agentId' = ${agentId} AND substr(delivery.event_type, 1, 6) = 'agent.'`;

/** Whether a delivery has an agent's own texts, in its body or in what the endpoint responded to it. */
const showsAgent = (email: SQL): SQL =>
  sql`(delivery.payload ->> '$.data.email' IS NOT ${email} OR delivery.response_body IS NOT NULL)`;

/** What replaces the texts of an agent. */
interface ErasedAgent {
  readonly agentId: AgentId;
  readonly email: string;
  readonly owner: string;
}

/** Replaces the texts of erased agents in at most `limit` deliveries of their events, and removes the responses to these. */
export function eraseInDeliveries({ db }: Pick<Context, "db">, erased: readonly ErasedAgent[], limit: number) {
  const found = sql`SELECT delivery.id, wanted.value ->> 'email' AS email, wanted.value ->> 'owner' AS owner
    FROM json_each(${JSON.stringify(erased)}) AS wanted CROSS JOIN webhook_deliveries AS delivery
    WHERE ${isOfAgent(sql`(wanted.value ->> 'agentId')`)} AND ${showsAgent(sql`(wanted.value ->> 'email')`)}
    LIMIT ${limit}`;
  const texts = sql`'$.data.email', found.email, '$.data.owner', found.owner, '$.data.description', NULL`;
  return db
    .update(webhookDeliveries)
    .set({ payload: sql`json_replace(webhook_deliveries.payload, ${texts})`, responseBody: null })
    .from(sql`(${found}) AS found`)
    .where(sql`${webhookDeliveries.id} = found.id`);
}

/** For a query over `agents`: whether a delivery has texts of the erased agent, or an attempt can still bring them back. */
export const mayShowErased = (nowMs: number): SQL =>
  // The id without the affinity of its column, or SQLite does not use the index.
  sql`EXISTS (SELECT 1 FROM webhook_deliveries AS delivery WHERE ${isOfAgent(sql`(agents.id || '')`)}
    AND (${showsAgent(sql`agents.email`)} OR delivery.claimed_until > ${nowMs}))`;
