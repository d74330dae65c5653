/** The wire shapes of resources. */

import { z } from "@hono/zod-openapi";
import { isReservedScope } from "../../access/scopes.ts";
import { resourceStatuses } from "../../platform/db/schema.ts";
import { component, enumeration } from "../../platform/http/components.ts";
import { isUnique, text, textLike, timeSchema, unique } from "../../platform/http/fields.ts";
import { pageQuery } from "../../platform/http/pagination.ts";
import { agentIdSchema, organizationIdSchema, resourceIdSchema } from "../../platform/ids.ts";
import { longestLifeSeconds } from "../../platform/lifetimes.ts";

const scopeForm = /^[a-z][a-z0-9_-]*:([a-z][a-z0-9_-]*|\*)$/;

const scopeNameSchema = z
  .string({ error: "must be a text" })
  .max(128, { abort: true, error: "must have at most 128 characters" })
  .regex(scopeForm, { error: "must be resource:action, such as resume:read" })
  .refine((name) => !isReservedScope(name), { error: "is a name that the platform keeps for itself" })
  .openapi({ type: "string", pattern: scopeForm.source, maxLength: 128, example: "resume:read" });

const identifierSchema = z
  .string({ error: "must be a text" })
  .min(1, { error: "must not be empty" })
  .max(512, { abort: true, error: "must have at most 512 characters" })
  .openapi({
    description:
      "The `aud` of its tokens: `https` at or below a verified domain of the organization, or `urn:agentidp:<slug>:<name>`, which needs no domain. It never changes.",
    example: "https://resumes.acme.example",
  });

const resourceScopeSchema = component(
  "ResourceScope",
  z.strictObject({ name: scopeNameSchema, description: text(0, 200).openapi({ example: "Read resumes" }) }),
);

const allowedOrganizationSchema = component(
  "AllowedOrganization",
  z.strictObject({
    organizationId: organizationIdSchema,
    scopes: z
      .array(scopeNameSchema)
      .min(1, { error: "must name at least one scope" })
      .max(64, { abort: true, error: "must name at most 64 scopes" })
      .refine(isUnique, unique),
  }),
);

const statusSchema = enumeration("ResourceStatus", resourceStatuses);

const fields = {
  name: text(2, 100).openapi({ example: "Resume API" }),
  scopes: z
    .array(resourceScopeSchema, { error: "must be a list of scopes" })
    .max(64, { abort: true, error: "must name at most 64 scopes" })
    .refine((scopes) => isUnique(scopes.map(({ name }) => name)), unique)
    .openapi({
      description: "What its tokens can carry. Empty: any capability of the organization's own agents",
      example: [{ name: "resume:read", description: "Read resumes" }],
    }),
  allowedOrganizations: z
    .array(allowedOrganizationSchema, { error: "must be a list of organizations" })
    .max(100, { abort: true, error: "must name at most 100 organizations" })
    .refine((entries) => isUnique(entries.map(({ organizationId }) => organizationId)), unique)
    .openapi({ description: "Other organizations whose agents may have tokens for it, and the most that these carry" }),
  servers: z
    .array(agentIdSchema, { error: "must be a list of agents" })
    .max(20, { abort: true, error: "must name at most 20 agents" })
    .refine(isUnique, unique)
    .openapi({ description: "Agents of the organization that may introspect its tokens without `tokens:read`" }),
  tokenTtlSeconds: z
    .int({ error: "must be a whole number of seconds or null" })
    .min(60, { error: "must be at least 60 seconds" })
    .max(longestLifeSeconds, { error: `must be at most ${longestLifeSeconds} seconds` })
    .nullable()
    .openapi({ description: "Its tokens live no longer than this. null: the default of the service" }),
  requireDpop: z
    .boolean({ error: "must be true or false" })
    .openapi({ description: "true: only tokens that are bound to a key (RFC 9449)" }),
};

export const createResourceSchema = z
  .strictObject({
    identifier: identifierSchema,
    name: fields.name,
    scopes: fields.scopes.default([]),
    allowedOrganizations: fields.allowedOrganizations.default([]),
    servers: fields.servers.default([]),
    tokenTtlSeconds: fields.tokenTtlSeconds.default(null),
    requireDpop: fields.requireDpop.default(false),
  })
  .openapi("CreateResource");

export type CreateResource = z.output<typeof createResourceSchema>;

export const changeResourceSchema = z
  .strictObject({
    name: fields.name.optional(),
    scopes: fields.scopes.optional(),
    allowedOrganizations: fields.allowedOrganizations.optional(),
    servers: fields.servers.optional(),
    tokenTtlSeconds: fields.tokenTtlSeconds.optional(),
    requireDpop: fields.requireDpop.optional(),
    status: statusSchema.optional().openapi({ description: "`disabled`: no new tokens for it" }),
  })
  .refine((changes) => Object.keys(changes).length > 0, { error: "must change at least one field" })
  .openapi("ChangeResource", { minProperties: 1, example: { tokenTtlSeconds: 900 } });

export type ChangeResource = z.output<typeof changeResourceSchema>;

export const resourcePath = z.object({ resourceId: resourceIdSchema });
const ownerQuery = {
  organizationId: organizationIdSchema
    .optional()
    .openapi({ description: "For the operator's organization: whose resources; the caller's own when left out" }),
};
export const listResourcesQuery = pageQuery.extend(ownerQuery);
export const readResourceQuery = z.object(ownerQuery);

export const resourceSchema = z
  .object({
    resourceId: resourceIdSchema,
    organizationId: organizationIdSchema,
    identifier: textLike("https://resumes.acme.example"),
    name: textLike("Resume API"),
    scopes: z.array(resourceScopeSchema),
    allowedOrganizations: z.array(allowedOrganizationSchema).optional().openapi({ description: "With `admin:orgs`" }),
    servers: z.array(agentIdSchema).optional().openapi({ description: "With `admin:orgs`" }),
    tokenTtlSeconds: z.int().nullable(),
    requireDpop: z.boolean(),
    status: statusSchema,
    createdAt: timeSchema,
    updatedAt: timeSchema,
  })
  .openapi("Resource");

/** The `data` of its events: what a caller with `agents:read` sees. */
component("ResourceEventData", resourceSchema.omit({ allowedOrganizations: true, servers: true }));

export type PublicResource = z.output<typeof resourceSchema>;
