/** The wire shapes of compliance: the report, and agent cards in the formats of OASF and A2A. */
import { z } from "@hono/zod-openapi";
import { oneOf } from "../../platform/http/fields.ts";
import { organizationIdSchema } from "../../platform/ids.ts";

const oasfVersions = ["1.0.0", "0.8.0"] as const;

export const cardQuerySchema = z.object({
  format: oneOf(["card", "oasf", "a2a"]).default("card").openapi({
    description: "`card`: the format of this service. `oasf`: AGNTCY OASF records. `a2a`: A2A 1.0 agent cards",
  }),
  oasfVersion: oneOf(oasfVersions)
    .default("1.0.0")
    .openapi({ description: "The version of the OASF schema, for `oasf`" }),
});

const classSchema = z.object({ id: z.int(), name: z.string() });

/** OASF, object `record`. Only the locators differ between the versions. */
export const oasfRecordSchema = z
  .object({
    schema_version: z.enum(oasfVersions),
    name: z.string().openapi({ example: "idp.example.com/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" }),
    version: z.string(),
    description: z.string(),
    authors: z.array(z.string()),
    created_at: z.iso.datetime(),
    skills: z.array(classSchema).openapi({ description: "Classes of the schema, by the agent's type" }),
    domains: z.array(classSchema),
    locators: z
      .array(
        z.union([z.object({ type: z.string(), urls: z.array(z.url()) }), z.object({ type: z.string(), url: z.url() })]),
      )
      .openapi({ description: "The agent's DID document: `urls` in 1.0.0, `url` in 0.8.0" }),
    annotations: z
      .record(z.string(), z.string())
      .openapi({ description: "The fields of the agent's card that OASF does not have" }),
  })
  .openapi("OasfRecord");

export type OasfRecord = z.output<typeof oasfRecordSchema>;

const modes = z.array(z.string()).openapi({ description: "Media types" });

/** A2A 1.0, message `AgentCard`, in its JSON form. */
export const a2aCardSchema = z
  .object({
    name: z.string(),
    description: z.string(),
    version: z.string(),
    supportedInterfaces: z.array(z.object({ url: z.url(), protocolBinding: z.string(), protocolVersion: z.string() })),
    provider: z.object({ organization: z.string(), url: z.url() }),
    capabilities: z.object({
      extensions: z.array(
        z.object({ uri: z.url(), description: z.string(), params: z.record(z.string(), z.string()) }),
      ),
    }),
    securitySchemes: z.object({
      oauth2: z.object({
        oauth2SecurityScheme: z.object({
          description: z.string(),
          flows: z.object({
            clientCredentials: z.object({ tokenUrl: z.url(), scopes: z.record(z.string(), z.string()) }),
          }),
          oauth2MetadataUrl: z.url(),
        }),
      }),
      openId: z.object({ openIdConnectSecurityScheme: z.object({ openIdConnectUrl: z.url() }) }),
    }),
    securityRequirements: z.array(z.object({ schemes: z.record(z.string(), z.object({ list: z.array(z.string()) })) })),
    defaultInputModes: modes,
    defaultOutputModes: modes,
    skills: z.array(z.object({ id: z.string(), name: z.string(), description: z.string(), tags: z.array(z.string()) })),
  })
  .openapi("A2aAgentCard");

export type A2aCard = z.output<typeof a2aCardSchema>;

const sectionSchema = z.object({
  name: z.enum(["agent-identity", "audit-trail", "credential-hygiene", "federation-readiness"]),
  status: z.enum(["pass", "warn", "fail"]),
  details: z.string().openapi({ description: "What was checked and the result, for people" }),
});

export type Section = z.output<typeof sectionSchema>;

const count = z.int().nonnegative();

export const reportSchema = z
  .object({
    tenantId: organizationIdSchema.openapi({ description: "The organization of the token" }),
    generatedAt: z.iso.datetime(),
    agntcyConformance: z.boolean().openapi({ description: "Whether no section fails" }),
    agentCount: count.openapi({ description: "The active agents" }),
    verifiedAgentCount: count.openapi({ description: "The active agents with a valid DID document and a usable key" }),
    auditChainIntegrity: z.boolean().openapi({ description: "Whether all verified events are intact" }),
    sections: z.array(sectionSchema),
    from_cache: z
      .boolean()
      .openapi({ description: "Whether the report was cached, for at most five minutes; the same as `X-Cache`" }),
  })
  .openapi("ComplianceReport");

export type Report = z.output<typeof reportSchema>;

export const reportHeaders = z.object({
  "X-Cache": z.enum(["HIT", "MISS"]).openapi({ description: "Whether the report was cached" }),
});

export type CardQuery = z.output<typeof cardQuerySchema>;
