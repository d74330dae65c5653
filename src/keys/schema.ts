/** The wire shapes of signing keys and of the key set. */
import { z } from "@hono/zod-openapi";
import { signingKeyStates } from "../platform/db/schema.ts";
import { component, enumeration } from "../platform/http/components.ts";

export const signingAlgSchema = enumeration("SigningAlg", ["ES256", "RS256"]);

/** ES256 signs access tokens, RS256 id_tokens. */
export type SigningAlg = z.output<typeof signingAlgSchema>;

const encoded = z.string().regex(/^[A-Za-z0-9_-]+$/);
const kidSchema = encoded.max(64).openapi({
  description: "The SHA-256 thumbprint of the key (RFC 7638)",
  example: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
});

/** A published key (RFC 7517 4). Strict, so that a key with another member, such as a private one, is never published. */
const checkedJwkSchema = z.discriminatedUnion("kty", [
  z.strictObject({
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: encoded,
    y: encoded,
    kid: kidSchema,
    alg: z.literal("ES256"),
    use: z.literal("sig"),
  }),
  z.strictObject({
    kty: z.literal("RSA"),
    n: encoded,
    e: encoded,
    kid: kidSchema,
    alg: z.literal("RS256"),
    use: z.literal("sig"),
  }),
]);

/** The document has one object, because few generators of clients read a union. */
export const publishedJwkSchema = component(
  "PublishedKey",
  checkedJwkSchema,
  z
    .object({
      kty: enumeration("PublishedKeyType", ["EC", "RSA"]),
      crv: z.literal("P-256").optional().openapi({ description: "Of EC" }),
      x: encoded.optional().openapi({ description: "Of EC" }),
      y: encoded.optional().openapi({ description: "Of EC" }),
      n: encoded.optional().openapi({ description: "Of RSA" }),
      e: encoded.optional().openapi({ description: "Of RSA" }),
      kid: kidSchema,
      alg: signingAlgSchema,
      use: z.literal("sig"),
    })
    .openapi({
      example: {
        kty: "EC",
        crv: "P-256",
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        alg: "ES256",
        use: "sig",
      },
    }),
);

export type PublishedJwk = z.output<typeof publishedJwkSchema>;

/** RFC 7517 5. */
export const jwksSchema = z.strictObject({ keys: z.array(publishedJwkSchema).min(1) }).openapi("JsonWebKeySet");

export type Jwks = z.output<typeof jwksSchema>;

export const rotateKeysSchema = z
  .strictObject({
    compromised: z.boolean().optional().openapi({
      example: false,
      description: "Another party has the current keys: revoke them and every token that they signed, at once.",
    }),
  })
  .openapi("RotateKeys");

const signingKeySchema = z
  .object({
    kid: kidSchema,
    alg: signingAlgSchema,
    state: enumeration("SigningKeyState", signingKeyStates).openapi({
      description:
        "`next`: published, not yet signing. `current`: signing. `previous`: published until its last token has expired. `retired`: not published.",
    }),
    createdAt: z.iso.datetime(),
  })
  .openapi("SigningKey");

export const keysRotatedSchema = z
  .object({ rotated: z.literal(true).openapi({ type: "boolean", example: true }), keys: z.array(signingKeySchema) })
  .openapi("KeysRotated");

export type KeysRotated = z.output<typeof keysRotatedSchema>;
