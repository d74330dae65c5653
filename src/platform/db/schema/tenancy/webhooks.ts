/** Webhooks: subscriptions, what they are signed with, and their deliveries. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { DeliveryId, EventId, OrganizationId, WebhookId } from "../../../ids.ts";
import { deliveryColumns, endpointColumns } from "../deliveries.ts";

/** Who wants to be told of which events. The secrets that sign for it are in `webhook_secrets`. */
export const webhookSubscriptions = sqliteTable(
  "webhook_subscriptions",
  {
    id: text().$type<WebhookId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    name: text().notNull(),
    url: text().notNull(),
    events: text({ mode: "json" }).$type<readonly string[]>().notNull(),
    ...endpointColumns(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    index("webhook_subscriptions_of_organization").on(table.organizationId, table.id),
    index("webhook_subscriptions_active").on(table.organizationId).where(sql`active = 1`),
  ],
);

/** Signing secrets, sealed: the present one of a subscription, and older ones that sign along until they expire. */
export const webhookSecrets = sqliteTable(
  "webhook_secrets",
  {
    id: text().primaryKey(),
    subscriptionId: text("subscription_id").$type<WebhookId>().notNull(),
    privateSealed: text("private_sealed").notNull(),
    createdAt: integer("created_at").notNull(),
    /** null for the present one. */
    expiresAt: integer("expires_at"),
  },
  (table) => [index("webhook_secrets_of_subscription").on(table.subscriptionId, table.id)],
);

/** One event on its way to one subscription. The queue's messages only say that it is time to look here. */
export const webhookDeliveries = sqliteTable(
  "webhook_deliveries",
  {
    /** Made of the event and the subscription, so that an event which is handed over twice is one delivery. */
    id: text().$type<DeliveryId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    endpointId: text("subscription_id").$type<WebhookId>().notNull(),
    eventId: text("event_id").$type<EventId>().notNull(),
    eventType: text("event_type").notNull(),
    /** The body to the byte, as it is signed and sent. */
    payload: text().notNull(),
    ...deliveryColumns(),
  },
  (table) => [
    index("webhook_deliveries_of_subscription").on(table.endpointId, table.id),
    index("webhook_deliveries_due").on(table.endpointId, table.dueAt).where(sql`due_at IS NOT NULL`),
    index("webhook_deliveries_claimed").on(table.endpointId, table.claimedUntil).where(sql`claimed_until IS NOT NULL`),
    index("webhook_deliveries_finished").on(table.updatedAt).where(sql`due_at IS NULL`),
  ],
);
