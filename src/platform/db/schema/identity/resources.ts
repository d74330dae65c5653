import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { AgentId, OrganizationId, ResourceId } from "../../../ids.ts";

export const resourceStatuses = ["active", "disabled"] as const;

export interface ResourceScope {
  readonly name: string;
  readonly description: string;
}

/** An organization whose agents may have tokens for a resource, and the scopes that such a token may have. */
export interface AllowedOrganization {
  readonly organizationId: OrganizationId;
  readonly scopes: readonly string[];
}

/** APIs that accept our tokens. A deleted one keeps its row: its identifier is not free while a token can be active. */
export const resources = sqliteTable(
  "resources",
  {
    id: text().$type<ResourceId>().primaryKey(),
    organizationId: text("organization_id").$type<OrganizationId>().notNull(),
    /** The `aud` of its tokens, as it was registered. */
    identifier: text().notNull(),
    /** The identifier in its form for comparison. */
    key: text().notNull(),
    /** The host of an https or http identifier; null for a `urn:agentidp:` one. */
    host: text(),
    /** At a loopback host of a developer's machine, which several organizations may register. */
    shared: integer({ mode: "boolean" }).notNull(),
    name: text().notNull(),
    scopes: text({ mode: "json" }).$type<readonly ResourceScope[]>().notNull(),
    allowedOrganizations: text("allowed_organizations", { mode: "json" })
      .$type<readonly AllowedOrganization[]>()
      .notNull(),
    /** The agents that may introspect its tokens without `tokens:read`. */
    servers: text({ mode: "json" }).$type<readonly AgentId[]>().notNull().default([]),
    tokenTtlSeconds: integer("token_ttl_seconds"),
    requireDpop: integer("require_dpop", { mode: "boolean" }).notNull(),
    status: text({ enum: resourceStatuses }).notNull(),
    /** When another organization proved the name. This row is then disabled permanently. */
    displacedAt: integer("displaced_at"),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    deletedAt: integer("deleted_at"),
  },
  (table) => [
    uniqueIndex("resources_one_key")
      .on(table.key)
      .where(sql`deleted_at IS NULL AND displaced_at IS NULL AND shared = 0`),
    uniqueIndex("resources_one_key_of_organization")
      .on(table.organizationId, table.key)
      .where(sql`deleted_at IS NULL AND shared = 1`),
    index("resources_by_key").on(table.key),
    index("resources_of_organization").on(table.organizationId, table.id),
    index("resources_by_host").on(table.host),
  ],
);
