/** Wire shapes of delegations. */
import { z } from "@hono/zod-openapi";
import { component, enumeration } from "../../platform/http/components.ts";
import { isUnique, longestIdentifier, timeSchema } from "../../platform/http/fields.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { agentIdSchema, delegationIdSchema, type Scope } from "../../platform/ids.ts";
import { longestLifeSeconds } from "../../platform/lifetimes.ts";
import { namedAgents } from "../../tenancy/audit/schema.ts";

const roleSchema = enumeration("DelegationRole", ["delegator", "delegatee"]);
const ownershipSchema = enumeration("DelegationsOf", ["caller", "organization"]);
const statusSchema = enumeration("DelegationStatus", ["active", "revoked", "expired"]);

const scopeSchema = z
  .string({ error: "must be a text" })
  .min(1, { error: "must not be empty" })
  .max(128, { error: "must have at most 128 characters" })
  .transform((scope) => scope as Scope)
  .openapi({ type: "string", minLength: 1, maxLength: 128, example: "resume:read" });

const ttlRule = { error: `must be a whole number of seconds from 60 to ${longestLifeSeconds}` };

export const createDelegationSchema = z
  .strictObject({
    delegateeAgentId: agentIdSchema.openapi({ description: "Another active agent of the same organization" }),
    scopes: z
      .array(scopeSchema, { error: "must be a list of scopes" })
      .min(1, { error: "must name at least one scope" })
      .max(64, { abort: true, error: "must name at most 64 scopes" })
      .refine(isUnique, { error: "must name each scope once" })
      .openapi({
        description:
          "Without `resource` platform scopes of the token in the request; with it capabilities that the delegator may be granted for it. Never everything that the delegator may be granted",
        uniqueItems: true,
      }),
    resource: z
      .string({ error: "must be a text" })
      .min(1, { error: "must not be empty" })
      .max(longestIdentifier, { error: `must have at most ${longestIdentifier} characters` })
      .optional()
      .openapi({
        description:
          "The identifier of a resource: its capabilities are lent. The token in the request must carry `delegations:write`",
        example: "urn:agentidp:acme:resumes",
      }),
    ttlSeconds: z.int(ttlRule).min(60, ttlRule).max(longestLifeSeconds, ttlRule).openapi({ example: 900 }),
  })
  .openapi("CreateDelegation");

const facts = {
  chainId: delegationIdSchema.openapi({ description: "The id of the delegation" }),
  delegatorAgentId: agentIdSchema,
  delegateeAgentId: agentIdSchema,
  resource: z.string().optional().openapi({
    description: "The resource whose capabilities are lent; missing where platform scopes are lent",
    example: "urn:agentidp:acme:resumes",
  }),
  scopes: z.array(z.string()).openapi({ example: ["resume:read"] }),
  issuedAt: timeSchema,
  expiresAt: timeSchema,
};

const revokedAt = timeSchema
  .nullable()
  .openapi({ description: "When it was revoked, or ended by a change of an agent or resource behind it" });

export const delegationWithTokenSchema = z
  .object({
    delegationToken: z.string().openapi({
      description: "For the delegatee alone. No later answer has it",
      example: "sa_del_eyJhbGciOiJFUzI1NiIsInR5cCI6ImRlbGVnYXRpb24rand0Iiwia2lkIjoi…",
    }),
    ...facts,
  })
  .openapi("DelegationWithToken");

export const delegationSchema = z.object({ ...facts, status: statusSchema, revokedAt }).openapi("Delegation");

export const delegationPageSchema = z
  .object({
    ...pageSchema("DelegationPage", delegationSchema).shape,
    agents: namedAgents(
      "The agents of the page's delegations by their ids, where the token has the scope `agents:read`; else empty",
    ),
  })
  .openapi("DelegationPage");

/** The `data` of its events. */
component("DelegationEventData", z.object(facts));

export const verifyDelegationSchema = z
  .strictObject({
    delegationToken: z
      .string({ error: "must be a text" })
      .openapi({ example: "sa_del_eyJhbGciOiJFUzI1NiIsInR5cCI6ImRlbGVnYXRpb24rand0Iiwia2lkIjoi…" }),
  })
  .openapi("VerifyDelegation");

export const verificationSchema = z
  .object({
    valid: z.boolean().openapi({ description: "Whether it is valid at this moment", example: true }),
    ...z.object({ ...facts, revokedAt }).partial().shape,
  })
  .openapi("DelegationVerification", {
    description: "Nothing beside `valid: false` when the token is not a delegation of your organization",
  });

export const delegationQuery = pageQuery
  .extend({
    of: ownershipSchema.default("caller").openapi({
      default: "caller",
      param: {
        description:
          "`caller`: delegations by the caller and to the caller. `organization`: all of the organization, with the scope `agents:read`",
      },
    }),
    agentId: agentIdSchema.optional().openapi({
      param: { description: "Only delegations by this agent or to this agent" },
      type: "string",
      format: "uuid",
    }),
    role: roleSchema.optional().openapi({
      param: {
        description:
          "Only delegations by the caller (delegator), or to the caller (delegatee). With `of=organization`: by or to the agent that `agentId` names",
      },
    }),
    status: statusSchema.optional(),
  })
  .refine(({ of, role, agentId }) => of === "caller" || role === undefined || agentId !== undefined, {
    path: ["role"],
    error: "needs agentId with of=organization: it is the role of that agent",
  });

export const chainPath = z.object({ chainId: delegationIdSchema });

export type CreateDelegation = z.output<typeof createDelegationSchema>;
export type DelegationWithToken = z.output<typeof delegationWithTokenSchema>;
export type Delegation = z.output<typeof delegationSchema>;
export type Verification = z.output<typeof verificationSchema>;
export type DelegationPage = z.output<typeof delegationPageSchema>;
export type DelegationFilter = Omit<z.output<typeof delegationQuery>, "limit" | "cursor">;
