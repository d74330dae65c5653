/** The wire shapes of organizations. */
import { z } from "@hono/zod-openapi";
import { organizationStatuses } from "../../platform/db/schema.ts";
import { component, enumeration } from "../../platform/http/components.ts";
import { planTierSchema, settableStatusSchema } from "../../platform/http/enums.ts";
import { somethingNamed, text, textLike, timeSchema } from "../../platform/http/fields.ts";
import { organizationIdSchema } from "../../platform/ids.ts";

const nameSchema = text(2, 100).openapi({ example: "Acme" });

const slugSchema = z
  .string({ error: "must be a text" })
  .min(2, { error: "must have at least 2 characters" })
  .max(50, { abort: true, error: "must have at most 50 characters" })
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, {
    error: "must be lower-case letters and digits, in words joined by single hyphens",
  })
  .openapi({ example: "acme" });

const limitSchema = z
  .int({ error: "must be a whole number or null" })
  .min(1, { error: "must be at least 1" })
  .nullable()
  .openapi({ description: "null: the limit of the tier" });

/** The fields of a new organization. */
export const organizationFields = {
  name: nameSchema,
  slug: slugSchema,
  planTier: planTierSchema,
  maxAgents: limitSchema,
  maxTokensPerMonth: limitSchema,
};

export const organizationSchema = z
  .object({
    organizationId: organizationIdSchema,
    name: textLike("Acme"),
    slug: textLike("acme"),
    planTier: planTierSchema,
    maxAgents: limitSchema,
    maxTokensPerMonth: limitSchema,
    status: enumeration("OrganizationStatus", organizationStatuses),
    createdAt: timeSchema,
    updatedAt: timeSchema,
  })
  .openapi("Organization");

/** The `data` of `tier.changed`: the organization, with the new tier. */
component("TierEventData", z.object(organizationSchema.shape));

export const changeOrganizationSchema = z
  .strictObject({
    name: nameSchema.optional(),
    planTier: planTierSchema.optional(),
    maxAgents: limitSchema.optional(),
    maxTokensPerMonth: limitSchema.optional(),
    status: settableStatusSchema.optional(),
  })
  .refine(...somethingNamed)
  .openapi("ChangeOrganization", { minProperties: 1, example: { planTier: "pro" } });

export const organizationPath = z.object({ orgId: organizationIdSchema });

export type PublicOrganization = z.output<typeof organizationSchema>;
export type ChangeOrganization = z.output<typeof changeOrganizationSchema>;
