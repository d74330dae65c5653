import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { OrganizationId } from "../../../ids.ts";

export const planTiers = ["free", "pro", "enterprise"] as const;
export const organizationStatuses = ["active", "suspended", "deleted"] as const;

export const organizations = sqliteTable(
  "organizations",
  {
    id: text().$type<OrganizationId>().primaryKey(),
    name: text().notNull(),
    slug: text().notNull(),
    /** 1 for the organization that runs the service; there is one. */
    isOperator: integer("is_operator", { mode: "boolean" }).notNull().default(false),
    planTier: text("plan_tier", { enum: planTiers }).notNull(),
    maxAgents: integer("max_agents"),
    maxTokensPerMonth: integer("max_tokens_per_month"),
    status: text({ enum: organizationStatuses }).notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    /** A deleted organization: when nothing of it was left to remove. null: the scheduled run still has work. */
    clearedAt: integer("cleared_at"),
  },
  (table) => [
    uniqueIndex("organizations_slug").on(table.slug),
    uniqueIndex("organizations_one_operator").on(table.isOperator).where(sql`is_operator = 1`),
    index("organizations_to_clear").on(table.id).where(sql`status = 'deleted' AND cleared_at IS NULL`),
  ],
);
