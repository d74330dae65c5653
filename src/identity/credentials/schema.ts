/** The wire shapes of credentials. */
import { z } from "@hono/zod-openapi";
import { component, enumeration } from "../../platform/http/components.ts";
import { timeSchema } from "../../platform/http/fields.ts";
import { agentIdSchema, credentialIdSchema } from "../../platform/ids.ts";

export const credentialSchema = z
  .object({
    credentialId: credentialIdSchema,
    clientId: agentIdSchema.openapi({ description: "The `client_id` to sign in with: the agent's id" }),
    status: enumeration("CredentialStatus", ["active", "revoked", "expired"]),
    createdAt: timeSchema,
    expiresAt: timeSchema.nullable(),
    lastUsedAt: timeSchema.nullable().openapi({ description: "When a token was last issued for it" }),
    revokedAt: timeSchema.nullable(),
  })
  .openapi("Credential");

export const credentialWithSecretSchema = z
  .object({
    ...credentialSchema.shape,
    clientSecret: z.string().openapi({
      description: "Shown this once: `sa_sec_`, 43 base64url characters, 6 check characters",
      example: "sa_sec_Zm9yIHRoZSBleGFtcGxlIG9ubHksIG5vdCBhIHNlY3JldDAAAAAA",
    }),
  })
  .openapi("CredentialWithSecret");

/** The `data` of its events. */
component("CredentialEventData", z.object({ credentialId: credentialIdSchema, agentId: agentIdSchema }));

export const createCredentialSchema = z
  .strictObject({
    expiresAt: z.iso
      .datetime({ offset: true, error: "must be an ISO 8601 time with its offset, such as 2027-01-31T12:00:00Z" })
      .max(40, { error: "must be an ISO 8601 time of at most 40 characters" })
      .transform((text) => Date.parse(text))
      .refine((time) => !Number.isNaN(time), { error: "must be a time that exists" })
      .optional()
      .openapi({
        type: "string",
        format: "date-time",
        description: "Never, when left out",
        example: "2027-01-31T12:00:00Z",
      }),
  })
  .openapi("CreateCredential");

const overlapRule = { error: "must be a whole number of seconds from 0 to 86400" };

export const rotateCredentialSchema = z
  .strictObject({
    overlapSeconds: z.int(overlapRule).min(0, overlapRule).max(86_400, overlapRule).default(0).openapi({
      example: 3600,
      description:
        "How long the old secret still signs in beside the new one. Earlier secrets keep their own overlap; ten secrets can have one. 0: the old secret and all earlier ones end at once",
    }),
  })
  .openapi("RotateCredential");

export const credentialsPath = z.object({ agentId: agentIdSchema });
export const credentialPath = credentialsPath.extend({ credentialId: credentialIdSchema });

export type Credential = z.output<typeof credentialSchema>;
export type CredentialWithSecret = z.output<typeof credentialWithSecretSchema>;
/** `expiresAt` in milliseconds since the epoch. */
export type CreateCredential = z.output<typeof createCredentialSchema>;
export type RotateCredential = z.output<typeof rotateCredentialSchema>;
