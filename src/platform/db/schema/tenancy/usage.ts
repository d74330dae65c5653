import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { AgentId, OrganizationId } from "../../../ids.ts";
import { planTiers } from "./organizations.ts";

export const statusClasses = ["2xx", "3xx", "4xx", "5xx"] as const;

/** Tokens issued to an organization in each hour. Only its ledger writes the roll-ups of activity. */
export const tokensByHour = sqliteTable(
  "tokens_by_hour",
  {
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    /** The UTC day, `2026-11-22`. */
    day: text().notNull(),
    hour: integer().notNull(),
    count: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.day, table.hour] }),
    index("tokens_by_hour_by_day").on(table.day),
  ],
);

/** Accepted calls of an organization in each hour. Token requests are not among them. */
export const callsByHour = sqliteTable(
  "calls_by_hour",
  {
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    day: text().notNull(),
    hour: integer().notNull(),
    count: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.day, table.hour] }),
    index("calls_by_hour_by_day").on(table.day),
  ],
);

/** Tokens issued to each agent on each day. */
export const tokensByAgent = sqliteTable(
  "tokens_by_agent",
  {
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    day: text().notNull(),
    agentId: text("agent_id").$type<AgentId>().notNull(),
    count: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.day, table.agentId] }),
    index("tokens_by_agent_by_day").on(table.day),
  ],
);

/** Calls of an organization that each route answered on each day. */
export const callsByRoute = sqliteTable(
  "calls_by_route",
  {
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    day: text().notNull(),
    /** The route's template, never a path. */
    route: text().notNull(),
    statusClass: text("status_class", { enum: statusClasses }).notNull(),
    count: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.day, table.route, table.statusClass] }),
    index("calls_by_route_by_day").on(table.day),
  ],
);

/** An organization's account at Stripe, and its subscription as of the last read from Stripe. */
export const billingAccounts = sqliteTable(
  "billing_accounts",
  {
    organizationId: text("organization_id").$type<OrganizationId>().primaryKey(),
    /** Stripe's customer. */
    customerId: text("customer_id").notNull(),
    /** The subscription that counts, or the last one that did; null before the first. */
    subscriptionId: text("subscription_id"),
    /** Its status at Stripe; `canceled` when the organization has no subscription any more. */
    subscriptionStatus: text("subscription_status"),
    /** The tier that the subscription pays for; null for none. */
    tier: text({ enum: planTiers }),
    periodStart: integer("period_start"),
    periodEnd: integer("period_end"),
    /** When the subscription ends; null when it renews. */
    endsAt: integer("ends_at"),
    /** Grows with every write, so that an older read from Stripe does not overwrite a newer one. */
    version: integer().notNull(),
  },
  (table) => [uniqueIndex("billing_accounts_customer").on(table.customerId)],
);

/** Stripe's events that are processed. They are kept for longer than Stripe repeats an event. */
export const billingEvents = sqliteTable(
  "billing_events",
  {
    /** Stripe's id of the event. */
    id: text().primaryKey(),
    type: text().notNull(),
    receivedAt: integer("received_at").notNull(),
  },
  (table) => [index("billing_events_by_time").on(table.receivedAt)],
);
