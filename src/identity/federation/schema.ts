/** The wire shapes of federation partners, and of verifying their tokens. */
import { z } from "@hono/zod-openapi";
import { component, enumeration } from "../../platform/http/components.ts";
import {
  isUnique,
  printable,
  publishedPrintable,
  somethingNamed,
  text,
  textLike,
  timeSchema,
} from "../../platform/http/fields.ts";
import { pastedKeySetSchema } from "../../platform/outbound/pasted-key-set.ts";

const partnerStatusSchema = enumeration("PartnerStatus", ["active", "suspended"], "must be active or suspended");

const nameSchema = text(2, 100).openapi({ example: "Acme" });

const urlSchema = z.string({ error: "must be an https URL" });

const issuerSchema = urlSchema.openapi({
  format: "uri",
  description: "Exactly the `iss` of the partner's tokens",
  example: "https://idp.acme.example",
});

const jwksUriSchema = urlSchema.nullable().openapi({
  format: "uri",
  description: "The address of the partner's keys; null: `jwks`, or the `jwks_uri` of its discovery document",
  example: "https://idp.acme.example/.well-known/jwks.json",
});

const jwksSchema = pastedKeySetSchema.nullable();

const audiencesRule = "must be up to 50 texts, each once, of 1 to 512 characters";

const audiencesSchema = z
  .array(z.string({ error: audiencesRule }).min(1, { error: audiencesRule }).max(512, { error: audiencesRule }), {
    error: audiencesRule,
  })
  .max(50, { abort: true, error: audiencesRule })
  .refine((values) => isUnique(values) && values.every((value) => printable.test(value)), { error: audiencesRule })
  .openapi({
    description:
      "Values of `aud` that are accepted beside the organization's active resources. This service's issuer is accepted only when it is listed here",
    example: ["https://resumes.example.com"],
  });

const requireScopesSchema = z
  .boolean({ error: "must be true or false" })
  .openapi({ description: "true: a token without scopes is not valid" });

const organizationsRule = "must be null or 1 to 100 texts, each once, of 1 to 128 characters";

const allowedOrganizationsSchema = z
  .array(
    z
      .string({ error: organizationsRule })
      .min(1)
      .max(128, { error: organizationsRule })
      .regex(printable)
      .openapi({ pattern: publishedPrintable }),
    { error: organizationsRule },
  )
  .min(1, { error: organizationsRule })
  .max(100, { abort: true, error: organizationsRule })
  .refine(isUnique, { error: organizationsRule })
  .nullable()
  .openapi({ description: "The organizations of the partner whose tokens are valid, by `organization_id`; null: all" });

const expirySchema = z.iso
  .datetime({ offset: true, error: "must be an ISO 8601 time with its offset, such as 2027-01-31T12:00:00Z" })
  .max(40, { error: "must be an ISO 8601 time of at most 40 characters" })
  .transform((text) => Date.parse(text))
  .refine((time) => !Number.isNaN(time), { error: "must be a time that exists" })
  .nullable()
  .openapi({ type: ["string", "null"], format: "date-time", description: "null: does not expire" });

export const partnerIdSchema = z.uuid({ error: "must be a UUID" }).toLowerCase();
export const partnerPath = z.object({ partnerId: partnerIdSchema });

export const partnerSchema = z
  .object({
    partnerId: partnerIdSchema,
    name: textLike("Acme"),
    issuer: issuerSchema,
    jwksUri: jwksUriSchema,
    jwks: jwksSchema,
    audiences: audiencesSchema,
    requireScopes: requireScopesSchema,
    allowedOrganizations: allowedOrganizationsSchema,
    status: partnerStatusSchema,
    expiresAt: timeSchema.nullable(),
    createdAt: timeSchema,
    updatedAt: timeSchema,
  })
  .openapi("FederationPartner");

export const trustPartnerSchema = z
  .strictObject({
    name: nameSchema,
    issuer: issuerSchema,
    jwksUri: jwksUriSchema.optional(),
    jwks: jwksSchema.optional(),
    audiences: audiencesSchema.optional(),
    requireScopes: requireScopesSchema.optional(),
    allowedOrganizations: allowedOrganizationsSchema.optional(),
    expiresAt: expirySchema.optional(),
  })
  .openapi("TrustPartner");

export const changePartnerSchema = z
  .strictObject({
    name: nameSchema.optional(),
    jwksUri: jwksUriSchema.optional(),
    jwks: jwksSchema.optional(),
    audiences: audiencesSchema.optional(),
    requireScopes: requireScopesSchema.optional(),
    allowedOrganizations: allowedOrganizationsSchema.optional(),
    expiresAt: expirySchema.optional(),
    status: partnerStatusSchema.optional(),
  })
  .refine(...somethingNamed)
  .openapi("ChangePartner", { minProperties: 1, example: { status: "suspended" } });

export const verifyTokenSchema = z
  .strictObject({
    token: z.string({ error: "must be a text" }).min(1, { error: "must not be empty" }).openapi({
      description: "The access token that the partner's agent presented",
      example: "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9…",
    }),
    audience: text(1, 512, "must not be empty").optional().openapi({
      description:
        "The caller's own identifier, accepted as `aud` beside the organization's resources and the partner's audiences. The caller must know it, and must never take it from the token",
      example: "https://resumes.example.com",
    }),
  })
  .openapi("VerifyPartnerToken");

const verifiedFields = z.object({
  issuer: z.string(),
  partnerId: partnerIdSchema,
  subject: z.string().openapi({ description: "`sub`: the partner's id of the agent" }),
  organizationId: z.string().nullable().openapi({
    description: "`organization_id`: the agent's organization at the partner; null when not in the token",
  }),
  audience: z.array(z.string()).openapi({ description: "`aud`: all audiences of the token" }),
  scopes: z.array(z.string()).openapi({ description: "From `scope` or `scp`" }),
  expiresAt: timeSchema,
});

/** The document has one object, because few generators of clients read a union by `valid`. */
export const verifiedTokenSchema = component(
  "VerifiedPartnerToken",
  z.discriminatedUnion("valid", [
    z.object({ valid: z.literal(true), ...verifiedFields.shape }),
    z.object({ valid: z.literal(false) }),
  ]),
  z.object({ valid: z.boolean(), ...verifiedFields.partial().shape }).openapi({
    example: {
      valid: true,
      issuer: "https://idp.acme.example",
      partnerId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
      subject: "7d1f3a52-screener",
      organizationId: null,
      audience: ["https://resumes.example.com"],
      scopes: ["resume:read"],
      expiresAt: "2026-10-01T12:00:00.000Z",
    },
    description: "Every field when `valid` is true; nothing beside `valid: false`",
  }),
);

/** Times are ISO strings. */
export type PublicPartner = z.output<typeof partnerSchema>;
/** `expiresAt` in milliseconds since the epoch. */
export type TrustPartner = z.output<typeof trustPartnerSchema>;
export type ChangePartner = z.output<typeof changePartnerSchema>;
export type VerifyToken = z.output<typeof verifyTokenSchema>;
export type VerifiedToken = z.output<typeof verifiedTokenSchema>;
