/** The wire shapes of the set-up, and of a new organization with its first admin. */
import { z } from "@hono/zod-openapi";
import { component } from "../../platform/http/components.ts";
import { textLike } from "../../platform/http/fields.ts";
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
    email: textLike("admin@acme.example"),
    clientId: agentIdSchema.openapi({ description: "The same as `agentId`" }),
    credentialId: credentialIdSchema,
    clientSecret: textLike("sa_sec_Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vdCBhIHNlY3JldDAAAAAA").openapi({
      description: "Shown only here",
    }),
  })
  .openapi("FirstAdmin");

const newSetupSchema = z.strictObject({ organizationName: name, slug, adminEmail });

const recoverySchema = z.strictObject({
  recoverAgentId: agentIdSchema.openapi({
    description: "An active admin of the operator's organization. It gets one new credential",
  }),
});

/** The document has one object, because few generators of clients read a union. */
export const setUpSchema = component(
  "SetUp",
  z.union([newSetupSchema, recoverySchema]),
  z.strictObject({ ...newSetupSchema.partial().shape, ...recoverySchema.partial().shape }).openapi({
    description: "Either `recoverAgentId` alone, or all the others",
    example: { organizationName: "Acme", slug: "acme", adminEmail: "admin@acme.example" },
  }),
);

export const setUpResultSchema = z
  .object({
    organization: organizationSchema.optional().openapi({ description: "Left out by a recovery" }),
    admin: firstAdminSchema,
  })
  .openapi("SetUpResult");

export const createOrganizationSchema = z
  .strictObject({
    name,
    slug,
    adminEmail,
    planTier: planTier.optional(),
    maxAgents: maxAgents.optional(),
    maxTokensPerMonth: maxTokensPerMonth.optional(),
  })
  .openapi("CreateOrganization");

export const createdOrganizationSchema = z
  .object({ ...organizationSchema.shape, admin: firstAdminSchema })
  .openapi("CreatedOrganization");

export type NewSetup = z.output<typeof newSetupSchema>;
export type Recovery = z.output<typeof recoverySchema>;
export type SetUpResult = z.output<typeof setUpResultSchema>;
/** A new organization and its first admin. */
export type Onboarded = SetUpResult & { readonly organization: z.output<typeof organizationSchema> };
export type CreateOrganization = z.output<typeof createOrganizationSchema>;
export type CreatedOrganization = z.output<typeof createdOrganizationSchema>;
