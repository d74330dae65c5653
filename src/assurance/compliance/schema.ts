/** The wire shapes of compliance: the report, and agent cards in the formats of OASF and A2A. */
import { z } from "@hono/zod-openapi";
import { component, enumeration } from "../../platform/http/components.ts";
import { organizationIdSchema } from "../../platform/ids.ts";

const oasfVersionSchema = enumeration("OasfVersion", ["1.0.0", "0.8.0"]);

export const cardQuerySchema = z.object({
  format: enumeration("CardFormat", ["card", "oasf", "a2a"]).default("card").openapi({
    default: "card",
    description: "`card`: the format of this service. `oasf`: AGNTCY OASF records. `a2a`: A2A 1.0 agent cards",
  }),
  oasfVersion: oasfVersionSchema
    .default("1.0.0")
    .openapi({ default: "1.0.0", description: "The version of the OASF schema, for `oasf`" }),
});

const classSchema = z.object({ id: z.int(), name: z.string() }).openapi("OasfClass");

const locatorSchema = component(
  "OasfLocator",
  z.union([z.object({ type: z.string(), urls: z.array(z.url()) }), z.object({ type: z.string(), url: z.url() })]),
  z.object({ type: z.string(), urls: z.array(z.url()).optional(), url: z.url().optional() }),
);

/** OASF, object `record`. Only the locators differ between the versions. */
export const oasfRecordSchema = component(
  "OasfRecord",
  z.object({
    schema_version: oasfVersionSchema,
    name: z.string().openapi({ example: "idp.example.com/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" }),
    version: z.string(),
    description: z.string(),
    authors: z.array(z.string()),
    created_at: z.iso.datetime(),
    skills: z.array(classSchema).openapi({ description: "Classes of the schema, by the agent's type" }),
    domains: z.array(classSchema),
    locators: z
      .array(locatorSchema)
      .openapi({ description: "The agent's DID document: `urls` in 1.0.0, `url` in 0.8.0" }),
    annotations: z
      .record(z.string(), z.string())
      .openapi({ description: "The fields of the agent's card that OASF does not have" }),
  }),
);

export type OasfRecord = z.output<typeof oasfRecordSchema>;

const modes = z.array(z.string()).openapi({ description: "Media types" });

/** A2A 1.0, message `AgentCard`, in its JSON form. The nested objects have the names of its messages. */
const interfaceSchema = z
  .object({ url: z.url(), protocolBinding: z.string(), protocolVersion: z.string() })
  .openapi("A2aAgentInterface");
const extensionSchema = z
  .object({ uri: z.url(), description: z.string(), params: z.record(z.string(), z.string()) })
  .openapi("A2aAgentExtension");
const flowSchema = z
  .object({ tokenUrl: z.url(), scopes: z.record(z.string(), z.string()) })
  .openapi("A2aClientCredentialsOAuthFlow");
const oauth2Schema = z
  .object({
    description: z.string(),
    flows: z.object({ clientCredentials: flowSchema }).openapi("A2aOAuthFlows"),
    oauth2MetadataUrl: z.url(),
  })
  .openapi("A2aOAuth2SecurityScheme");
const openIdSchema = z.object({ openIdConnectUrl: z.url() }).openapi("A2aOpenIdConnectSecurityScheme");
const securitySchemesSchema = z
  .object({
    oauth2: z.object({ oauth2SecurityScheme: oauth2Schema }).openapi("A2aOAuth2"),
    openId: z.object({ openIdConnectSecurityScheme: openIdSchema }).openapi("A2aOpenId"),
  })
  .openapi("A2aSecuritySchemes");
const requirementSchema = z
  .object({ schemes: z.record(z.string(), z.object({ list: z.array(z.string()) }).openapi("A2aStringList")) })
  .openapi("A2aSecurityRequirement");
const skillSchema = z
  .object({ id: z.string(), name: z.string(), description: z.string(), tags: z.array(z.string()) })
  .openapi("A2aAgentSkill");

export const a2aCardSchema = component(
  "A2aAgentCard",
  z.object({
    name: z.string(),
    description: z.string(),
    version: z.string(),
    supportedInterfaces: z.array(interfaceSchema),
    provider: z.object({ organization: z.string(), url: z.url() }).openapi("A2aAgentProvider"),
    capabilities: z.object({ extensions: z.array(extensionSchema) }).openapi("A2aAgentCapabilities"),
    securitySchemes: securitySchemesSchema,
    securityRequirements: z.array(requirementSchema),
    defaultInputModes: modes,
    defaultOutputModes: modes,
    skills: z.array(skillSchema),
  }),
);

const referenceTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** A union of three lists is what no generator of clients reads; `format` says which schema the cards have. */
export const agentCardListSchema = z.array(z.record(z.string(), z.unknown())).openapi("AgentCardList", {
  description: "Each card is an `AgentCard`, an `OasfRecord` or an `A2aAgentCard`, as `format` says",
  "x-items-by-format": {
    card: referenceTo("AgentCard"),
    oasf: referenceTo("OasfRecord"),
    a2a: referenceTo("A2aAgentCard"),
  },
  example: [
    {
      did: "did:web:idp.example.com:agents:0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
      name: "screener-01@acme.example",
      agentType: "screener",
      capabilities: ["resume:read"],
      version: "1.4.0",
      deploymentEnv: "production",
      identityProvider: "https://idp.example.com",
      issuedAt: "2026-10-01T12:00:00.000Z",
    },
  ],
});

export type A2aCard = z.output<typeof a2aCardSchema>;

const sectionSchema = z
  .object({
    name: enumeration("ReportSectionName", [
      "agent-identity",
      "audit-trail",
      "credential-hygiene",
      "federation-readiness",
    ]),
    status: enumeration("ReportSectionStatus", ["pass", "warn", "fail"]),
    details: z.string().openapi({
      description: "What was checked and the result, for people",
      example: "12 of 12 active agents have a DID document and a usable key",
    }),
  })
  .openapi("ReportSection");

export type Section = z.output<typeof sectionSchema>;

const count = z.int().nonnegative();

export const reportSchema = z
  .object({
    tenantId: organizationIdSchema.openapi({ description: "The organization of the token" }),
    generatedAt: z.iso.datetime(),
    agntcyConformance: z.boolean().openapi({ description: "Whether no section fails", example: true }),
    agentCount: count.openapi({ description: "The active agents" }),
    verifiedAgentCount: count.openapi({ description: "The active agents with a valid DID document and a usable key" }),
    auditChainIntegrity: z.boolean().openapi({ description: "Whether all verified events are intact", example: true }),
    sections: z.array(sectionSchema),
    from_cache: z
      .boolean()
      .openapi({ description: "Whether the report was cached, for at most five minutes; the same as `X-Cache`" }),
  })
  .openapi("ComplianceReport");

export type Report = z.output<typeof reportSchema>;

export const reportHeaders = z.object({
  "X-Cache": enumeration("CacheResult", ["HIT", "MISS"]).openapi({ description: "Whether the report was cached" }),
});

export type CardQuery = z.output<typeof cardQuerySchema>;
