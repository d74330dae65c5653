/** The wire shapes of DID documents (W3C DID Core 1.0), their resolution, and agent cards. */
import { z } from "@hono/zod-openapi";
import { component } from "../../platform/http/components.ts";
import { agentTypeSchema, deploymentEnvSchema } from "../../platform/http/enums.ts";
import { textLike } from "../../platform/http/fields.ts";
import { agentIdSchema } from "../../platform/ids.ts";

/** DID Core 6.2: the JSON representation. `@context` is for JSON-LD processors, but `agntcy` is not one of its terms. */
export const didDocumentType = "application/did+json";

const didSchema = z.string().openapi({
  example: "did:web:idp.example.com:agents:0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
});

const didUrlSchema = z.string().openapi({
  example: "did:web:idp.example.com:agents:0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10#key-1",
});

const verificationMethodSchema = z
  .object({
    id: didUrlSchema,
    type: z.literal("JsonWebKey2020"),
    controller: didSchema.openapi({
      description:
        "The holder of the private key. A key verifies access tokens only if this is the DID of the service that issued them",
    }),
    publicKeyJwk: z.record(z.string(), z.string()).openapi({
      description: "A public JSON Web Key (RFC 7517); a key of the service has `kid` and `alg`",
      example: {
        kty: "EC",
        crv: "P-256",
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
      },
    }),
  })
  .openapi("VerificationMethod");

const serviceSchema = z
  .object({ id: didUrlSchema, type: textLike("AgentIdP"), serviceEndpoint: z.url() })
  .openapi("DidService");

const documentFields = {
  "@context": z.array(z.url()),
  id: didSchema,
  controller: didSchema,
  verificationMethod: z.array(verificationMethodSchema),
  assertionMethod: z.array(didUrlSchema),
  service: z.array(serviceSchema),
};

export const serviceDocumentSchema = z.object(documentFields).openapi("ServiceDidDocument");

const ownerSchema = z
  .string()
  .optional()
  .openapi({ description: "Left out when it holds an e-mail address", example: "talent-team" });

export const agentDocumentSchema = component(
  "AgentDidDocument",
  z.object({
    ...documentFields,
    alsoKnownAs: z.array(didSchema),
    authentication: z
      .array(didUrlSchema)
      .openapi({ description: "Empty while the agent or its organization is suspended" }),
    agntcy: z.object({
      agentId: agentIdSchema,
      agentType: agentTypeSchema,
      capabilities: z.array(textLike("resume:read")),
      deploymentEnv: deploymentEnvSchema,
      owner: ownerSchema,
      version: textLike("1.4.0"),
    }),
  }),
);

export const agentCardSchema = z
  .object({
    did: didSchema,
    name: textLike("screener-01@acme.example").openapi({ description: "The agent's e-mail" }),
    agentType: agentTypeSchema,
    capabilities: z.array(textLike("resume:read")),
    owner: ownerSchema,
    version: textLike("1.4.0"),
    deploymentEnv: deploymentEnvSchema,
    identityProvider: z.url().openapi({ description: "The issuer of the agent's tokens" }),
    issuedAt: z.iso.datetime().openapi({ description: "When the agent was registered" }),
  })
  .openapi("AgentCard");

/** DID Core 7.3: XML Schema date-time in UTC, without fractions of a second. */
const secondsSchema = z.iso.datetime({ precision: 0 }).openapi({ example: "2026-10-01T12:00:00Z" });

export const didResolutionSchema = z
  .object({
    // Without the closed value: some generators make a type of its name, which is none.
    "@context": z.literal("https://w3id.org/did-resolution/v1").openapi({
      type: "string",
      example: "https://w3id.org/did-resolution/v1",
    }),
    didDocument: agentDocumentSchema.nullable().openapi({ description: "null when the DID is deactivated" }),
    didDocumentMetadata: z.object({
      created: secondsSchema,
      updated: secondsSchema.openapi({ description: "When the agent's record last changed" }),
      deactivated: z.boolean(),
      versionId: z.string().optional().openapi({
        description: "SHA-256 of the document; also its `ETag`",
      }),
    }),
    didResolutionMetadata: z.object({ contentType: z.literal(didDocumentType).optional() }),
  })
  .openapi("DidResolution");

export const agentPath = z.object({ agentId: agentIdSchema });
export const agentOfOrganizationPath = agentPath.extend({ slug: z.string().openapi({ example: "acme" }) });

export type VerificationMethod = z.output<typeof verificationMethodSchema>;
export type ServiceDocument = z.output<typeof serviceDocumentSchema>;
export type AgentDocument = z.output<typeof agentDocumentSchema>;
export type AgentCard = z.output<typeof agentCardSchema>;
export type DidResolution = z.output<typeof didResolutionSchema>;
