/** The wire shapes of the set-up, and of a new organization with its first admin. */
import { z } from "@hono/zod-openapi";
import { agentIdSchema, credentialIdSchema } from "../../platform/ids.ts";
import { organizationFields, organizationSchema } from "../../tenancy/organizations/schema.ts";
import { emailSchema } from "../agents/schema.ts";

const { name, slug, planTier, maxAgents, maxTokensPerMonth } = organizationFields;

const adminEmail = emailSchema.openapi({
  description: "E-mail of the first admin agent",
  example: "admin@acme.example",
});

const firstAdminSchema = z
  .object({
    agentId: agentIdSchema,
    email: z.string(),
    clientId: agentIdSchema.openapi({ description: "The same as `agentId`" }),
    credentialId: credentialIdSchema,
    clientSecret: z.string().openapi({ description: "Shown only here" }),
  })
  .openapi("FirstAdmin");

const newSetupSchema = z.strictObject({ organizationName: name, slug, adminEmail }).openapi("NewSetup");

const recoverySchema = z
  .strictObject({
    recoverAgentId: agentIdSchema.openapi({
      description: "An active admin of the operator's organization. It gets one new credential",
    }),
  })
  .openapi("Recovery");

export const setupSchema = z.union([newSetupSchema, recoverySchema]);

export const setUpSchema = z
  .object({
    organization: organizationSchema.optional().openapi({ description: "Left out by a recovery" }),
    admin: firstAdminSchema,
  })
  .openapi("SetUp");

export const createOrganizationSchema = z.strictObject({
  name,
  slug,
  adminEmail,
  planTier: planTier.optional(),
  maxAgents: maxAgents.optional(),
  maxTokensPerMonth: maxTokensPerMonth.optional(),
});

export const createdOrganizationSchema = organizationSchema
  .extend({ admin: firstAdminSchema })
  .openapi("CreatedOrganization");

export type NewSetup = z.output<typeof newSetupSchema>;
export type Recovery = z.output<typeof recoverySchema>;
export type SetUp = z.output<typeof setUpSchema>;
/** A new organization and its first admin. */
export type Onboarded = SetUp & { readonly organization: z.output<typeof organizationSchema> };
export type CreateOrganization = z.output<typeof createOrganizationSchema>;
export type CreatedOrganization = z.output<typeof createdOrganizationSchema>;
