import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { DomainId, OrganizationId } from "../../../ids.ts";

export const domainStatuses = ["pending", "verified", "lapsed"] as const;

/** Domains of organizations. A row is deleted when another organization has proved the domain; its audit events stay. */
export const domains = sqliteTable(
  "domains",
  {
    id: text().$type<DomainId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    /** In lower case, A-labels (RFC 5890 2.3.2.1), without a trailing dot. */
    domain: text().notNull(),
    status: text({ enum: domainStatuses }).notNull(),
    /** The value of the TXT record that proves it; a new value for each row. */
    challenge: text().notNull(),
    /** Loopback names of a developer's machine, which several organizations may hold. */
    shared: integer({ mode: "boolean" }).notNull(),
    createdAt: integer("created_at").notNull(),
    verifiedAt: integer("verified_at"),
    lastCheckedAt: integer("last_checked_at"),
    /** When the resolver last answered, with or without the record. */
    lastAnsweredAt: integer("last_answered_at"),
    lapsedAt: integer("lapsed_at"),
    /** Consecutive days on which the resolver answered without the record, and the last of them (UTC). */
    misses: integer().notNull(),
    lastMissDay: text("last_miss_day"),
    /** When this organization's record was first found while another held the name and had lost its own. */
    contestedAt: integer("contested_at"),
    /** Its version: grows with every change. */
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [
    uniqueIndex("domains_of_organization").on(table.organizationId, table.domain),
    uniqueIndex("domains_one_holder").on(table.domain).where(sql`status = 'verified' AND shared = 0`),
    index("domains_by_name").on(table.domain),
    index("domains_to_check").on(table.lastCheckedAt),
  ],
);
