import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { AgentId, EventId, OrganizationId } from "../../../ids.ts";

/** The stored audit log. Only the organization's ledger writes it. */
export const auditEvents = sqliteTable(
  "audit_events",
  {
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    sequence: integer().notNull(),
    eventId: text("event_id").$type<EventId>().notNull(),
    agentId: text("agent_id").$type<AgentId>(),
    action: text().notNull(),
    outcome: text({ enum: ["success", "failure"] }).notNull(),
    /** JSON, as in the hash. */
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
    index("audit_events_by_target").on(table.organizationId, table.target, table.sequence),
  ],
);

/** One row for the chain of each organization. */
export const auditChains = sqliteTable(
  "audit_chains",
  {
    organizationId: text("organization_id").$type<OrganizationId>().primaryKey(),
    /** The highest sequence that the ledger has written to `audit_events`. */
    sequence: integer().notNull(),
    /** When the next checkpoint is due; null while nothing is unsigned. */
    checkpointDueAt: integer("checkpoint_due_at"),
    /** The key of the last checkpoint; null before the first. */
    checkpointKid: text("checkpoint_kid"),
    /** The checkpoint up to which events were removed; 0 for none. The chain begins after it. */
    anchorSequence: integer("anchor_sequence").notNull(),
    /** JSON: the gaps that the operator has accepted, as the ledger knows them. Nothing is verified with this copy. */
    gaps: text({ mode: "json" }).$type<readonly unknown[]>().notNull().default([]),
  },
  (table) => [
    index("audit_chains_due").on(table.checkpointDueAt).where(sql`checkpoint_due_at IS NOT NULL`),
    index("audit_chains_by_key").on(table.checkpointKid),
  ],
);

/** Signed statements that an event of this sequence had this hash. */
export const auditCheckpoints = sqliteTable(
  "audit_checkpoints",
  {
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    sequence: integer().notNull(),
    eventId: text("event_id").$type<EventId>().notNull(),
    hash: text().notNull(),
    /** When it was signed. */
    timestamp: integer().notNull(),
    /** The key that signed it: an id in `signing_keys`. */
    kid: text().notNull(),
    /** Compact JWS over organization, sequence, hash and timestamp. */
    jws: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.organizationId, table.sequence] })],
);

/** The last verification of each chain, whatever started it: a request, the compliance report or the scheduled run. */
export const auditVerifications = sqliteTable("audit_verifications", {
  organizationId: text("organization_id").$type<OrganizationId>().primaryKey(),
  /** When the last verification of the whole chain began; null before the first. */
  verifiedAt: integer("verified_at"),
  /** The events of that verification. */
  events: integer().notNull(),
  /** When a verification last found a break; null again after the whole chain verified. */
  brokenAt: integer("broken_at"),
});
