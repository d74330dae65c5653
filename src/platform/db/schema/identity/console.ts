import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { AgentId, CredentialId, OrganizationId, Scope, TokenId } from "../../../ids.ts";

/** One-time links to the console: the facts of the token that made each. A row is deleted when its link is used, or too old. */
export const consoleLinks = sqliteTable(
  "console_links",
  {
    /** HMAC-SHA-256 of the code under the hash key `codeHashKeyId`. */
    codeHash: text("code_hash").primaryKey(),
    codeHashKeyId: text("code_hash_key_id").notNull(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    agentId: text("agent_id").$type<AgentId>().notNull(),
    tokenId: text("token_id").$type<TokenId>().notNull(),
    credentialId: text("credential_id").$type<CredentialId>(),
    signingKeyId: text("signing_key_id").notNull(),
    tokenExpiresAt: integer("token_expires_at").notNull(),
    scopes: text({ mode: "json" }).$type<readonly Scope[]>().notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [index("console_links_expiry").on(table.expiresAt)],
);

/** Why a session has ended. `revoked`: what it depends on ended first, such as its credential or its agent. */
export const sessionEnds = ["signed_out", "ended", "replaced", "expired", "revoked"] as const;

/**
 * Sessions of the console: what a token would say, and how its cookie is known. A row stays for a day after its end, so that its
 * browser gets the reason.
 */
export const consoleSessions = sqliteTable(
  "console_sessions",
  {
    /** Of the ledger, in one order with the ids of tokens. */
    id: text().$type<TokenId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    agentId: text("agent_id").$type<AgentId>().notNull(),
    /** The credential or trust policy of the sign-in; null for the agent's own key. */
    credentialId: text("credential_id").$type<CredentialId>(),
    /** The key that would have signed a token: the session ends when it is dropped. */
    signingKeyId: text("signing_key_id").notNull(),
    scopes: text({ mode: "json" }).$type<readonly Scope[]>().notNull(),
    /** HMAC-SHA-256 of the cookie's value under the hash key `cookieHashKeyId`. */
    cookieHash: text("cookie_hash").notNull(),
    cookieHashKeyId: text("cookie_hash_key_id").notNull(),
    /** The same of the CSRF token. */
    csrfHash: text("csrf_hash").notNull(),
    csrfHashKeyId: text("csrf_hash_key_id").notNull(),
    createdAt: integer("created_at").notNull(),
    lastUsedAt: integer("last_used_at").notNull(),
    /** The end at the latest. */
    expiresAt: integer("expires_at").notNull(),
    userAgent: text("user_agent").notNull(),
    ip: text().notNull(),
    endedAt: integer("ended_at"),
    /** Written before the end: after a failure in between, the end is completed with it. */
    endReason: text("end_reason", { enum: sessionEnds }),
  },
  (table) => [
    uniqueIndex("console_sessions_cookie").on(table.cookieHash),
    index("console_sessions_of_agent").on(table.agentId, table.id),
    index("console_sessions_of_organization").on(table.organizationId, table.id),
    index("console_sessions_by_use").on(table.endedAt, table.lastUsedAt),
  ],
);
