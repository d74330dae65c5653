/** What tokens rest on: the keys of the service, partners whose tokens are checked, and delegations. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { AgentId, CredentialId, DelegationId, OrganizationId, Scope } from "../../ids.ts";
import { signingAlgs, signingKeyStates } from "./values.ts";

/** The service's signing keys. A retired or compromised key loses its private part. */
export const signingKeys = sqliteTable(
  "signing_keys",
  {
    /** The `kid`. */
    id: text().primaryKey(),
    alg: text({ enum: signingAlgs }).notNull(),
    state: text({ enum: signingKeyStates }).notNull(),
    publicJwk: text("public_jwk", { mode: "json" }).$type<JsonWebKey>().notNull(),
    privateSealed: text("private_sealed"),
    createdAt: integer("created_at").notNull(),
    activatedAt: integer("activated_at"),
    replacedAt: integer("replaced_at"),
    retiredAt: integer("retired_at"),
    compromisedAt: integer("compromised_at"),
    /** A compromised key that is not retired yet: the last organization, in the order of ids, whose ledger has dropped it. */
    droppedThrough: text("dropped_through").$type<OrganizationId>(),
  },
  (table) => [
    uniqueIndex("signing_keys_one_current").on(table.alg).where(sql`state = 'current'`),
    uniqueIndex("signing_keys_one_next").on(table.alg).where(sql`state = 'next'`),
  ],
);

/** Other identity providers whose agents' tokens the organization can check. */
export const federationPartners = sqliteTable(
  "federation_partners",
  {
    id: text().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    name: text().notNull(),
    issuer: text().notNull(),
    /** null: found through the issuer's discovery document. */
    jwksUri: text("jwks_uri"),
    /** The partner's organizations whose tokens count; null for all. */
    allowedOrganizations: text("allowed_organizations", { mode: "json" }).$type<readonly string[]>(),
    status: text({ enum: ["active", "suspended"] }).notNull(),
    expiresAt: integer("expires_at"),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
  },
  (table) => [uniqueIndex("federation_partners_issuer").on(table.organizationId, table.issuer)],
);

/** Delegations, for listing; whether one still stands, its object and the ledger know. Kept after their end. */
export const delegations = sqliteTable(
  "delegations",
  {
    /** The chain id; its object is named by it. */
    id: text().$type<DelegationId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    delegatorAgentId: text("delegator_agent_id").$type<AgentId>().notNull(),
    delegateeAgentId: text("delegatee_agent_id").$type<AgentId>().notNull(),
    /** The credential or trust policy behind the token that delegated; null for a key of the delegator's own. */
    credentialId: text("credential_id").$type<CredentialId>(),
    scopes: text({ mode: "json" }).$type<readonly Scope[]>().notNull(),
    issuedAt: integer("issued_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    revokedAt: integer("revoked_at"),
  },
  (table) => [
    index("delegations_by_delegator").on(table.organizationId, table.delegatorAgentId, table.id),
    index("delegations_by_delegatee").on(table.organizationId, table.delegateeAgentId, table.id),
  ],
);
