/** The wire shapes of agents. */
import { z } from "@hono/zod-openapi";
import { grantableScopes, isPlatformScope, isReservedScope } from "../../access/scopes.ts";
import { publicJwkSchema } from "../../platform/crypto/jwk.ts";
import { agentStatuses, agentTypes, deploymentEnvs } from "../../platform/db/schema.ts";
import { component, enumeration } from "../../platform/http/components.ts";
import {
  agentStatusSchema,
  agentTypeSchema,
  deploymentEnvSchema,
  idTokenAlgSchema,
  settableStatusSchema,
} from "../../platform/http/enums.ts";
import { isUnique, lines, text, textLike, timeSchema, unique } from "../../platform/http/fields.ts";
import { pageQuery } from "../../platform/http/pagination.ts";
import { agentIdSchema, organizationIdSchema, type Scope } from "../../platform/ids.ts";

const foreignDomain = /^([^@]+)@([^@\s/\\?#:%]*\P{ASCII}[^@\s/\\?#:%]*)$/u;

/** The address with A-labels in its domain (UTS 46, as the URL standard does). Every other text stays as it is. */
function withAsciiDomain(address: string): string {
  const [, local, domain] = foreignDomain.exec(address) ?? [];
  if (domain === undefined || !URL.canParse(`https://${domain}`)) return address;
  return `${local}@${new URL(`https://${domain}`).hostname}`;
}

/** In lower case: nearly every mail server treats addresses that differ only in case as one mailbox. */
export const emailSchema = z
  .string({ error: "must be an e-mail address" })
  .max(254, { abort: true, error: "must have at most 254 characters" })
  .transform(withAsciiDomain)
  .pipe(
    z
      .email({ error: "must be an e-mail address" })
      .max(254, { error: "must have at most 254 characters" })
      .toLowerCase(),
  )
  .openapi({
    type: "string",
    maxLength: 254,
    format: "email",
    description:
      "Unique in the organization, decommissioned agents included; kept in lower case, with A-labels in its domain",
    example: "screener-01@acme.example",
  });

/** The regular expression that semver.org suggests. */
const semanticVersion =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;

const versionSchema = z
  .string({ error: "must be a semantic version" })
  .max(64, { abort: true, error: "must have at most 64 characters" })
  .regex(semanticVersion, { error: "must be a semantic version, such as 1.4.0 or 2.0.0-rc.1" })
  .openapi({ example: "1.4.0" });

const capabilityForm = /^[a-z][a-z0-9_-]*:([a-z][a-z0-9_-]*|\*)$/;

/** The text of the refusal of a reserved name. */
export const reservedCapability = "begins with a word that the platform reserves for its own scopes";

const capabilitySchema = z
  .string({ error: "must be a text" })
  .max(128, { abort: true, error: "must have at most 128 characters" })
  .regex(capabilityForm, { error: "must be resource:action, such as resume:read" })
  .refine((capability) => !isPlatformScope(capability), {
    error: "is a scope of the platform; name it in grantedScopes instead",
  })
  .transform((capability) => capability as Scope)
  .openapi({ type: "string", pattern: capabilityForm.source, maxLength: 128, example: "resume:read" });

const listOf = (capability: typeof capabilitySchema) =>
  z
    .array(capability, { error: "must be a list of capabilities" })
    .min(1, { error: "must name at least one capability" })
    .max(64, { abort: true, error: "must name at most 64 capabilities" })
    .refine(isUnique, unique)
    .openapi({ uniqueItems: true });

/** An agent from before a name was reserved may keep it, so the schema of a change cannot refuse the name. */
const capabilitiesSchema = listOf(capabilitySchema);
const newCapabilitiesSchema = listOf(
  capabilitySchema.refine((capability) => !isReservedScope(capability), { error: reservedCapability }),
);

const platformScopeSchema: z.ZodType<string> = enumeration("PlatformScope", grantableScopes);

const grantedScopesSchema = z
  .array(platformScopeSchema, {
    error: "must be a list of platform scopes",
  })
  .max(grantableScopes.length, { abort: true, error: `must name at most ${grantableScopes.length} scopes` })
  .refine(isUnique, unique)
  .transform((scopes) => scopes as readonly string[] as readonly Scope[])
  .openapi({ uniqueItems: true, example: ["agents:read"] });

const fields = {
  email: emailSchema,
  version: versionSchema,
  capabilities: capabilitiesSchema,
  owner: text(1, 128).openapi({ description: "The team or person that answers for the agent", example: "talent-team" }),
  deploymentEnv: deploymentEnvSchema,
  description: lines(1000).nullable().openapi({ description: "Line breaks and tabs are allowed" }),
  grantedScopes: grantedScopesSchema,
  isPublic: z
    .boolean({ error: "must be true or false" })
    .openapi({ description: "true lists the agent in the marketplace" }),
  publicKeyJwk: publicJwkSchema,
  dpopRequired: z.boolean({ error: "must be true or false" }).openapi({
    description:
      "true: every token of the agent, and of its delegations, is bound to a key (DPoP, RFC 9449 5.2). Setting it ends the tokens that are not",
  }),
  idTokenSignedResponseAlg: idTokenAlgSchema.openapi({ description: "The algorithm of its id_tokens" }),
};

const { description, grantedScopes, isPublic, publicKeyJwk, dpopRequired, idTokenSignedResponseAlg, ...required } =
  fields;

export const createAgentSchema = z
  .strictObject({
    ...required,
    capabilities: newCapabilitiesSchema,
    agentType: agentTypeSchema,
    organization_id: organizationIdSchema.optional().openapi({
      description:
        "The caller's organization when left out; another one only for an admin of the operator's organization",
    }),
    description: description.optional(),
    grantedScopes: grantedScopes.optional().openapi({
      description:
        "The platform scopes that the agent may request. When left out: agents:read delegations:write, as far as the caller may grant them. Only an admin can hold admin:orgs",
    }),
    isPublic: isPublic.default(false),
    dpopRequired: dpopRequired.default(false),
    idTokenSignedResponseAlg: idTokenSignedResponseAlg.default("RS256").openapi({ default: "RS256" }),
    publicKeyJwk: publicKeyJwk.optional().openapi({
      description:
        "The agent's own public key; when left out the service makes a P-256 key and keeps the private part encrypted",
    }),
  })
  .openapi("CreateAgent");

export const changeAgentSchema = z
  .strictObject({
    ...fields,
    publicKeyJwk: publicKeyJwk.nullable().openapi({
      description:
        "The agent's new public key; null lets the service make a new P-256 key and keep the private part encrypted. The old key signs in no more, and stays in the DID document until nothing that it signed can be alive",
    }),
    status: settableStatusSchema,
  })
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, { error: "must name at least one field" })
  .openapi("ChangeAgent", { minProperties: 1, example: { version: "1.5.0", status: "active" } });

export const agentSchema = z
  .object({
    agentId: agentIdSchema.openapi({ description: "Also the OAuth `client_id`" }),
    organization_id: organizationIdSchema,
    email: textLike("screener-01@acme.example"),
    agentType: agentTypeSchema,
    version: textLike("1.4.0"),
    capabilities: z.array(textLike("resume:read")),
    owner: textLike("talent-team"),
    deploymentEnv: deploymentEnvSchema,
    description: z.string().nullable(),
    grantedScopes: z.array(platformScopeSchema).openapi({
      description:
        "The platform scopes that the agent may request. `capabilities` are what it may request for a resource",
      example: ["agents:read"],
    }),
    isPublic: z.boolean(),
    dpopRequired: z.boolean(),
    idTokenSignedResponseAlg: idTokenAlgSchema,
    publicKeyJwk: publicJwkSchema.openapi({ description: "The public part of the agent's present key" }),
    did: z.string().openapi({ example: "did:web:idp.example.com:agents:0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" }),
    status: agentStatusSchema,
    createdAt: timeSchema,
    updatedAt: timeSchema,
  })
  .openapi("Agent");

/** The `data` of events: without the key, which is in the DID document. A delivery of an event from before 0.2 lacks the newer fields. */
export const agentEventDataSchema = component(
  "AgentEventData",
  agentSchema.omit({ publicKeyJwk: true }).partial({ dpopRequired: true, idTokenSignedResponseAlg: true }),
);

const agentFilterSchema = z.object({
  owner: z.string().max(128).optional(),
  agentType: agentTypeSchema.optional(),
  deploymentEnv: deploymentEnvSchema.optional(),
  status: agentStatusSchema.optional(),
  capability: z.string().max(128).optional().openapi({ description: "Only agents that have this capability" }),
});

/** The orders of the list. Constants of client libraries cannot differ in a sign only: hence their names. */
const agentSortSchema = component(
  "AgentSort",
  z
    .enum(["-createdAt", "createdAt", "email", "-email"], { error: "must be -createdAt, createdAt, email or -email" })
    .openapi({
      "x-enum-varnames": ["NewestFirst", "OldestFirst", "EmailAscending", "EmailDescending"],
    }),
);

export const agentListSchema = pageQuery.extend({
  ...agentFilterSchema.shape,
  search: text(1, 100).optional().openapi({
    description:
      "Only agents with this text in their e-mail or owner. Every character stands for itself. The upper and lower case of A to Z are the same; other letters must have the case of the record",
    example: "talent",
  }),
  sort: agentSortSchema.default("-createdAt").openapi({
    default: "-createdAt",
    description: "By the time of registration or by e-mail, in the order of its bytes; `-` means descending",
  }),
});

const amount = z.int().openapi({ minimum: 0, example: 3 });

/** A number for each of a closed set of values. */
const amounts = <const Values extends readonly string[]>(name: string, values: Values) =>
  z
    .object(Object.fromEntries(values.map((value) => [value, amount])) as Record<Values[number], typeof amount>)
    .openapi(name);

export const agentSummarySchema = z
  .object({
    total: amount.openapi({ description: "All agents that `GET /agents` lists, decommissioned ones included" }),
    byStatus: amounts("AgentCountByStatus", agentStatuses).openapi({ description: "Adds up to `total`" }),
    byType: amounts("AgentCountByType", agentTypes).openapi({ description: "Adds up to `total`" }),
    byDeploymentEnv: amounts("AgentCountByDeploymentEnv", deploymentEnvs).openapi({
      description: "Adds up to `total`",
    }),
    withoutCredential: amount.openapi({
      description:
        "Agents that have no way to sign in: active and suspended ones without a credential that is neither revoked nor expired, without a key of their own, and without a trust policy",
    }),
    credentialsExpiringSoon: amount.openapi({
      description:
        "Credentials, not agents: those of active and suspended agents that are not revoked and expire within 7 days",
    }),
  })
  .openapi("AgentSummary");

export const agentPath = z.object({ agentId: agentIdSchema });

export type Agent = z.output<typeof agentSchema>;
export type AgentEventData = Omit<Agent, "publicKeyJwk">;
export type CreateAgent = z.output<typeof createAgentSchema>;
export type ChangeAgent = z.output<typeof changeAgentSchema>;
export type AgentList = z.output<typeof agentListSchema>;
export type AgentSummary = z.output<typeof agentSummarySchema>;
