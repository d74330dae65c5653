import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { DeliveryId, EventId, OrganizationId, WebhookId } from "../../../ids.ts";
import { attemptColumns, deliveryColumns, endpointColumns } from "../deliveries.ts";

/** The endpoint and the events of each subscription. Its signing secrets are in `webhook_secrets`. */
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
    /**
     * The last event of the ledger's chain before the present `active` and `events`. null while the subscription has wanted none of the
     * ledger's own events.
     */
    matchesAfter: integer("matches_after"),
  },
  (table) => [
    index("webhook_subscriptions_of_organization").on(table.organizationId, table.id),
    index("webhook_subscriptions_active").on(table.organizationId).where(sql`active = 1`),
  ],
);

/**
 * A state of an active subscription that has ended: it matched the ledger's own events after one, up to another. The row is kept until
 * D1 has these events.
 */
export const webhookPastStates = sqliteTable(
  "webhook_past_states",
  {
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    subscriptionId: text("subscription_id").$type<WebhookId>().notNull(),
    afterSequence: integer("after_sequence").notNull(),
    lastSequence: integer("last_sequence").notNull(),
    events: text({ mode: "json" }).$type<readonly string[]>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.organizationId, table.subscriptionId, table.lastSequence] })],
);

/** Sealed signing secrets: the present secret of a subscription, and older ones that also sign until they expire. */
export const webhookSecrets = sqliteTable(
  "webhook_secrets",
  {
    id: text().primaryKey(),
    subscriptionId: text("subscription_id").$type<WebhookId>().notNull(),
    privateSealed: text("private_sealed").notNull(),
    createdAt: integer("created_at").notNull(),
    /** null for the present secret. */
    expiresAt: integer("expires_at"),
  },
  (table) => [index("webhook_secrets_of_subscription").on(table.subscriptionId, table.id)],
);

/** The delivery of one event to one subscription. A queue message only says that a delivery here is due. */
export const webhookDeliveries = sqliteTable(
  "webhook_deliveries",
  {
    /** Derived from the event and the subscription, so that an event that the relay repeats is one delivery. */
    id: text().$type<DeliveryId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    endpointId: text("subscription_id").$type<WebhookId>().notNull(),
    eventId: text("event_id").$type<EventId>().notNull(),
    eventType: text("event_type").notNull(),
    /** The exact bytes of the body that is signed and sent. */
    payload: text().notNull(),
    ...deliveryColumns(),
  },
  (table) => [
    index("webhook_deliveries_of_subscription").on(table.endpointId, table.id),
    index("webhook_deliveries_due").on(table.endpointId, table.dueAt).where(sql`due_at IS NOT NULL`),
    index("webhook_deliveries_claimed").on(table.endpointId, table.claimedUntil).where(sql`claimed_until IS NOT NULL`),
    index("webhook_deliveries_of_agent")
      .on(sql`payload ->> '$.data.agentId'`)
      .where(sql`substr(event_type, 1, 6) = 'agent.'`),
    index("webhook_deliveries_finished").on(table.updatedAt).where(sql`due_at IS NULL`),
  ],
);

/** The last attempts of each delivery. They hold no personal data: `error` has nothing of a response. */
export const webhookDeliveryAttempts = sqliteTable(
  "webhook_delivery_attempts",
  {
    endpointId: text("subscription_id").$type<WebhookId>().notNull(),
    deliveryId: text("delivery_id").$type<DeliveryId>().notNull(),
    ...attemptColumns(),
  },
  (table) => [primaryKey({ columns: [table.endpointId, table.deliveryId, table.slot] })],
);
