/** Agents, their credentials and delegations, and the federation partners whose tokens are verified. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { AgentId, CredentialId, DelegationId, OrganizationId, ResourceId, Scope, TokenId } from "../../ids.ts";
import type { PastedKeySet } from "../../outbound/pasted-key-set.ts";

export * from "./identity/console.ts";
export * from "./identity/resources.ts";

export const agentTypes = [
  "screener",
  "classifier",
  "orchestrator",
  "extractor",
  "summarizer",
  "router",
  "monitor",
  "custom",
] as const;
export const agentStatuses = ["active", "suspended", "decommissioned"] as const;
export const agentRoles = ["member", "admin"] as const;
/** OpenID Connect Dynamic Client Registration 2, `id_token_signed_response_alg`. */
export const idTokenAlgs = ["RS256", "ES256"] as const;
export const deploymentEnvs = ["development", "staging", "production"] as const;
export const trustProviders = ["github", "oidc"] as const;

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
    /** RFC 9449 5.2: every token of the agent is bound to a key. */
    dpopRequired: integer("dpop_required", { mode: "boolean" }).notNull().default(false),
    idTokenSignedResponseAlg: text("id_token_signed_response_alg", { enum: idTokenAlgs }).notNull().default("RS256"),
    status: text({ enum: agentStatuses }).notNull(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    /** When its e-mail, owner and description were replaced; null while they are its own. */
    erasedAt: integer("erased_at"),
    /** A decommissioned agent: when nothing of it was left to remove. null: the scheduled run still has work. */
    clearedAt: integer("cleared_at"),
  },
  (table) => [
    uniqueIndex("agents_email").on(table.organizationId, table.email),
    index("agents_of_organization").on(table.organizationId, table.id),
    index("agents_by_status").on(table.organizationId, table.status, table.id),
    index("agents_public").on(table.id).where(sql`is_public = 1 AND status = 'active'`),
    index("agents_to_clear").on(table.id).where(sql`status = 'decommissioned' AND cleared_at IS NULL`),
  ],
);

/** The agent's own keys, `#key-1` and so on. `privateSealed` is null when the agent holds the private part itself, and empty when it was removed. */
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
    /** When a newer key replaced it; null for the present key. */
    replacedAt: integer("replaced_at"),
  },
  (table) => [uniqueIndex("agent_keys_number").on(table.agentId, table.number)],
);

/** A secret that was replaced and has an overlap. */
export interface EarlierSecret {
  readonly secretHash: string;
  readonly hashKeyId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export const credentials = sqliteTable(
  "credentials",
  {
    id: text().$type<CredentialId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    agentId: text("agent_id").$type<AgentId>().notNull(),
    /** base64url HMAC-SHA-256 of the secret under the hash key `hashKeyId`; empty after the agent was decommissioned. */
    secretHash: text("secret_hash").notNull(),
    hashKeyId: text("hash_key_id").notNull(),
    /** The secret before the last rotation, valid until `previousExpiresAt`. */
    previousSecretHash: text("previous_secret_hash"),
    previousHashKeyId: text("previous_hash_key_id"),
    previousExpiresAt: integer("previous_expires_at"),
    /** The secrets before that one, oldest first, each with an overlap of its own. Ended ones stay until the next rotation. */
    earlierSecrets: text("earlier_secrets", { mode: "json" }).$type<readonly EarlierSecret[]>().notNull().default([]),
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

/** The claims that a workload's own token must have to sign in as an agent: a credential without a secret. */
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

/** Other identity providers. The organization can verify the tokens of their agents. */
export const federationPartners = sqliteTable(
  "federation_partners",
  {
    id: text().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    name: text().notNull(),
    issuer: text().notNull(),
    /** null: found through the issuer's discovery document. */
    jwksUri: text("jwks_uri"),
    /** The usable public keys, where the partner's administrators send them; null: they are fetched. */
    jwks: text({ mode: "json" }).$type<PastedKeySet>(),
    /** The values of `aud` that are accepted beside the organization's resources. */
    audiences: text({ mode: "json" }).$type<readonly string[]>().notNull().default([]),
    /** Whether a token without scopes is refused. */
    requireScopes: integer("require_scopes", { mode: "boolean" }).notNull().default(false),
    /** The partner's organizations whose tokens are accepted; null for all. */
    allowedOrganizations: text("allowed_organizations", { mode: "json" }).$type<readonly string[]>(),
    status: text({ enum: ["active", "suspended"] }).notNull(),
    expiresAt: integer("expires_at"),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [uniqueIndex("federation_partners_issuer").on(table.organizationId, table.issuer)],
);

/** Delegations, for lists. Its object and the ledger decide whether one is active. Rows stay after the end of a delegation. */
export const delegations = sqliteTable(
  "delegations",
  {
    /** The chain id; its object is named by it. */
    id: text().$type<DelegationId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    delegatorAgentId: text("delegator_agent_id").$type<AgentId>().notNull(),
    delegateeAgentId: text("delegatee_agent_id").$type<AgentId>().notNull(),
    /** The credential or trust policy that the delegator's token was issued for; null for the delegator's own key. */
    credentialId: text("credential_id").$type<CredentialId>(),
    /** The delegator's token; null for a delegation of an earlier version. */
    tokenId: text("token_id").$type<TokenId>(),
    /** The identifier of the resource whose capabilities are lent; null where platform scopes are lent. */
    resource: text(),
    /** The id of that resource, which ends the delegation when it is deleted. */
    resourceId: text("resource_id").$type<ResourceId>(),
    scopes: text({ mode: "json" }).$type<readonly Scope[]>().notNull(),
    issuedAt: integer("issued_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    revokedAt: integer("revoked_at"),
  },
  (table) => [
    index("delegations_by_organization").on(table.organizationId, table.id),
    index("delegations_by_delegator").on(table.organizationId, table.delegatorAgentId, table.id),
    index("delegations_by_delegatee").on(table.organizationId, table.delegateeAgentId, table.id),
    index("delegations_by_token").on(table.tokenId),
    index("delegations_by_resource").on(table.resourceId),
  ],
);
