import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { KeyedHash } from "../../crypto/keyed-hash.ts";
import type { AgentId, OrganizationId, Scope } from "../../ids.ts";

/** What a caller could do that sent a request: a repetition gets the answer only if it can do as much. */
export interface KeptAuthority {
  /** null for a client that has authenticated with its secret. */
  readonly role: "member" | "admin" | null;
  readonly isOperator: boolean;
  readonly scopes: readonly Scope[];
  readonly capabilities: readonly Scope[];
}

/** Requests with an `Idempotency-Key`: a row is a claim from before the rule runs, and later its answer. */
export const idempotentRequests = sqliteTable(
  "idempotent_requests",
  {
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    agentId: text("agent_id").$type<AgentId>().notNull(),
    /** The method and the path, such as `POST /api/v1/agents`. */
    route: text().notNull(),
    /** SHA-256 of the key and of who acts by a delegation: a key can be half of what a holder needs to get an answer again. */
    keyHash: text("key_hash").notNull(),
    /** Stays the same when another attempt takes the claim over. */
    claimId: text("claim_id").notNull(),
    /** Random, new with each attempt: an attempt that has lost its claim writes nothing. */
    attempt: text().notNull(),
    /** SHA-256 of the body; empty after an erasure of what the answer described. */
    bodyHash: text("body_hash").notNull(),
    claimedAt: integer("claimed_at").notNull(),
    authority: text({ mode: "json" }).$type<KeptAuthority>().notNull(),
    /** null while no attempt has an answer. */
    answeredAt: integer("answered_at"),
    /** The value or the problem, as JSON; null also for a secret that is removed. */
    answer: text(),
    /** Whether the answer holds a secret: it is then encrypted, and removed ten minutes after `answeredAt`. */
    sealed: integer({ mode: "boolean" }).notNull().default(false),
    /** The agent that the answer describes. */
    about: text().$type<AgentId>(),
    /** The hash of the secret with which a client has authenticated; null for an access token. */
    proof: text({ mode: "json" }).$type<KeyedHash>(),
    /** The network of the first caller, where `proof` is set; removed with the secret. */
    network: text(),
    /** When the answer was repeated to a client with the replaced secret, which happens once. */
    replayedAt: integer("replayed_at"),
    /** When the row counts as absent. */
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organizationId, table.agentId, table.route, table.keyHash] }),
    index("idempotent_requests_expiry").on(table.expiresAt),
    index("idempotent_requests_secrets").on(table.answeredAt).where(sql`sealed = 1 AND answer IS NOT NULL`),
    index("idempotent_requests_about").on(table.about).where(sql`about IS NOT NULL`),
  ],
);
