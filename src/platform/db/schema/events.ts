/** What happened: events on their way, the audit log, and where they are sent. */
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { AgentId, DeliveryId, EventId, OrganizationId, WebhookId } from "../../ids.ts";
import { deliveryColumns, endpointColumns } from "./deliveries.ts";

/** Events recorded in the same batch as the change they tell of, until the relay has handed them on. */
export const outbox = sqliteTable(
  "outbox",
  {
    /** The event id; UUID v7, so the order of ids is the order of events. */
    id: text().$type<EventId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    event: text({ mode: "json" }).$type<unknown>().notNull(),
    createdAt: integer("created_at").notNull(),
    /** 1 for an event that the ledger has put into the audit log by itself. */
    recorded: integer({ mode: "boolean" }).notNull().default(false),
  },
  (table) => [index("outbox_of_organization").on(table.organizationId, table.id)],
);

/** The audit log at rest. Written by the organization's ledger alone. */
export const auditEvents = sqliteTable(
  "audit_events",
  {
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    sequence: integer().notNull(),
    eventId: text("event_id").$type<EventId>().notNull(),
    agentId: text("agent_id").$type<AgentId>(),
    action: text().notNull(),
    outcome: text({ enum: ["success", "failure"] }).notNull(),
    /** JSON, as it was hashed. */
    actor: text({ mode: "json" }).$type<unknown>().notNull(),
    target: text(),
    details: text({ mode: "json" }).$type<unknown>().notNull(),
    /** Milliseconds since the epoch; the hash covers its ISO form. */
    timestamp: integer().notNull(),
    previousHash: text("previous_hash").notNull(),
    hash: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.sequence] }),
    uniqueIndex("audit_events_event_id").on(table.organizationId, table.eventId),
    index("audit_events_by_time").on(table.organizationId, table.timestamp),
    index("audit_events_by_agent").on(table.organizationId, table.agentId, table.sequence),
    index("audit_events_by_action").on(table.organizationId, table.action, table.timestamp),
  ],
);

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
