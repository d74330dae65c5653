import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { EventId, OrganizationId } from "../../ids.ts";

/** Events that are not delivered yet. Each is written in one batch with its change. */
export const outbox = sqliteTable(
  "outbox",
  {
    /** The event id; UUID v7, so the order of ids is the order of events. */
    id: text().$type<EventId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    event: text({ mode: "json" }).$type<unknown>().notNull(),
    createdAt: integer("created_at").notNull(),
    /** 1 for an event that the ledger itself has written to the audit log. */
    recorded: integer({ mode: "boolean" }).notNull().default(false),
  },
  (table) => [index("outbox_of_organization").on(table.organizationId, table.id)],
);
