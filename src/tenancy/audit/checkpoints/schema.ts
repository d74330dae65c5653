/** Wire shapes of the signed checkpoints. */
import { z } from "@hono/zod-openapi";
import { component } from "../../../platform/http/components.ts";
import { textLike } from "../../../platform/http/fields.ts";
import { pageSchema } from "../../../platform/http/pagination.ts";

/** The hash of an event. */
export const sha256 = textLike("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08").openapi({
  description: "SHA-256 in lower-case hex",
  pattern: "^[0-9a-f]{64}$",
});

/** The public part of the key that signed a checkpoint. */
const checkpointKeySchema = component(
  "CheckpointKey",
  z
    .object({
      kty: z.string(),
      kid: z.string(),
      alg: z.string(),
      use: z.string(),
      crv: z.string().optional(),
      x: z.string().optional(),
      y: z.string().optional(),
    })
    .openapi({
      example: {
        kty: "EC",
        kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        alg: "ES256",
        use: "sig",
        crv: "P-256",
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
      },
    }),
);

/** The service's signature over a position of the chain. */
const checkpointSchema = z
  .object({
    sequence: z.int(),
    eventId: z.uuid().openapi({ description: "The event of this sequence" }),
    hash: sha256.openapi({ description: "The hash of that event" }),
    timestamp: z.iso.datetime().openapi({ description: "The time of the signature" }),
    jws: textLike("eyJhbGciOiJFUzI1NiIsInR5cCI6ImF1ZGl0LWNoZWNrcG9pbnQrand0In0…").openapi({
      description:
        "Compact JWS (RFC 7515), `typ` `audit-checkpoint+jwt`, over organizationId, sequence, hash and timestamp",
    }),
    publicKeyJwk: checkpointKeySchema.nullable().openapi({
      description: "The key of the signature. Its `kid` is in /.well-known/jwks.json until the key is retired",
    }),
    keyCompromisedAt: z.iso.datetime().nullable().openapi({
      description: "When the key was reported compromised; its signatures prove nothing. null: it is not compromised",
    }),
  })
  .openapi("AuditCheckpoint");

export const checkpointPageSchema = pageSchema("AuditCheckpointPage", checkpointSchema);

export type CheckpointView = z.output<typeof checkpointSchema>;
