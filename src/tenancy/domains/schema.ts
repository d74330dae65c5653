/** The wire shapes of domains. */
import { z } from "@hono/zod-openapi";
import { domainStatuses } from "../../platform/db/schema.ts";
import { component, enumeration } from "../../platform/http/components.ts";
import { timeSchema } from "../../platform/http/fields.ts";
import { organizationIdSchema } from "../../platform/ids.ts";

const domainText = z
  .string({ error: "must be a DNS name" })
  .min(1, { error: "must not be empty" })
  .max(300, { error: "must have at most 253 characters" })
  .openapi({ example: "acme.example" });

export const addDomainSchema = z
  .strictObject({
    domain: domainText.openapi({ description: "A DNS name; an internationalized one is converted to A-labels" }),
  })
  .openapi("AddDomain");

export const organizationDomainsPath = z.object({ orgId: organizationIdSchema });
export const domainPath = z.object({ orgId: organizationIdSchema, domain: domainText });

const challengeSchema = component(
  "DomainChallenge",
  z
    .object({
      type: z.literal("dns-txt"),
      name: z.string().openapi({ example: "_agentidp-challenge.acme.example" }),
      value: z.string().openapi({ example: "agentidp-verify=2o8UqvmcrkfJ5WqKyD0xkN1n3dT1mLtqVh4sWq0r6cE" }),
    })
    .openapi({ description: "The TXT record that proves the domain. It must stay there." }),
);

export const domainSchema = z
  .object({
    organizationId: organizationIdSchema,
    domain: z.string().openapi({ example: "acme.example" }),
    status: enumeration("DomainStatus", domainStatuses).openapi({
      description:
        "`lapsed`: the record was not found on three days in a row, or another organization has shown its own",
    }),
    challenge: challengeSchema,
    createdAt: timeSchema,
    verifiedAt: timeSchema.nullable(),
    lastCheckedAt: timeSchema.nullable(),
    lapsedAt: timeSchema.nullable(),
  })
  .openapi("OrganizationDomain");

/** The `data` of its events. */
component("DomainEventData", z.object(domainSchema.shape));

export type PublicDomain = z.output<typeof domainSchema>;
