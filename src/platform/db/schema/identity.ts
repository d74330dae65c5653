/** Organizations, their agents, and what those sign in with. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { AgentId, CredentialId, OrganizationId, Scope } from "../../ids.ts";
import {
  agentRoles,
  agentStatuses,
  agentTypes,
  deploymentEnvs,
  organizationStatuses,
  planTiers,
  trustProviders,
} from "./values.ts";

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
  },
  (table) => [
    uniqueIndex("organizations_slug").on(table.slug),
    uniqueIndex("organizations_one_operator").on(table.isOperator).where(sql`is_operator = 1`),
  ],
);

export const agents = sqliteTable(
  "agents",
  {
    id: text().$type<AgentId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    email: text().notNull(),
    agentType: text("agent_type", { enum: agentTypes }).notNull(),
    version: text().notNull(),
    capabilities: text({ mode: "json" }).$type<readonly Scope[]>().notNull(),
    owner: text().notNull(),
    deploymentEnv: text("deployment_env", { enum: deploymentEnvs }).notNull(),
    description: text(),
    grantedScopes: text("granted_scopes", { mode: "json" }).$type<readonly Scope[]>().notNull(),
    /** null: removed from the organization's members; it may act, but grants nothing to others. */
    role: text({ enum: agentRoles }),
    isPublic: integer("is_public", { mode: "boolean" }).notNull(),
    status: text({ enum: agentStatuses }).notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [
    uniqueIndex("agents_email").on(table.organizationId, table.email),
    index("agents_of_organization").on(table.organizationId, table.id),
    index("agents_by_status").on(table.organizationId, table.status, table.id),
    index("agents_public").on(table.id).where(sql`is_public = 1 AND status = 'active'`),
  ],
);

/** The agent's own keys, `#key-1` and so on. `privateSealed` is null where the agent keeps the private part itself. */
export const agentKeys = sqliteTable(
  "agent_keys",
  {
    id: text().primaryKey(),
    agentId: text("agent_id").$type<AgentId>().notNull(),
    /** 1, 2, …: the N of `#key-N`. */
    number: integer().notNull(),
    publicJwk: text("public_jwk", { mode: "json" }).$type<JsonWebKey>().notNull(),
    privateSealed: text("private_sealed"),
    createdAt: integer("created_at").notNull(),
    /** When a newer key took its place; null for the present one. */
    replacedAt: integer("replaced_at"),
  },
  (table) => [uniqueIndex("agent_keys_number").on(table.agentId, table.number)],
);

export const credentials = sqliteTable(
  "credentials",
  {
    id: text().$type<CredentialId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    agentId: text("agent_id").$type<AgentId>().notNull(),
    /** base64url HMAC-SHA-256 of the secret under the hash key named beside it. */
    secretHash: text("secret_hash").notNull(),
    hashKeyId: text("hash_key_id").notNull(),
    /** The secret before the last rotation, valid until `previousExpiresAt`. */
    previousSecretHash: text("previous_secret_hash"),
    previousHashKeyId: text("previous_hash_key_id"),
    previousExpiresAt: integer("previous_expires_at"),
    createdAt: integer("created_at").notNull(),
    rotatedAt: integer("rotated_at"),
    expiresAt: integer("expires_at"),
    lastUsedAt: integer("last_used_at"),
    revokedAt: integer("revoked_at"),
  },
  (table) => [
    index("credentials_of_agent").on(table.agentId, table.id),
    index("credentials_that_expire").on(table.expiresAt).where(sql`expires_at IS NOT NULL AND revoked_at IS NULL`),
  ],
);

/** What a workload's own token must say so that it may sign in as an agent: a credential without a secret. */
export const trustPolicies = sqliteTable(
  "trust_policies",
  {
    id: text().$type<CredentialId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    agentId: text("agent_id").$type<AgentId>().notNull(),
    provider: text({ enum: trustProviders }).notNull(),
    issuer: text().notNull(),
    /** null: the token must name this service's issuer. */
    audience: text(),
    /** The provider's own fields: for GitHub repository, branch, …; for a general issuer the exact claims. */
    rule: text({ mode: "json" }).$type<unknown>().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [
    index("trust_policies_of_organization").on(table.organizationId, table.id),
    index("trust_policies_of_agent").on(table.agentId),
    index("trust_policies_of_issuer").on(table.issuer),
  ],
);
