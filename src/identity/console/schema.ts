/** The wire shapes of the console's sessions. */
import { z } from "@hono/zod-openapi";
import { grantableScopes } from "../../access/scopes.ts";
import { enumeration } from "../../platform/http/components.ts";
import { memberRoleSchema } from "../../platform/http/enums.ts";
import { isUnique, textLike, timeSchema, unique } from "../../platform/http/fields.ts";
import { pageSchema } from "../../platform/http/pagination.ts";
import { credentialIdSchema, type Scope, type TokenId } from "../../platform/ids.ts";
import { missing } from "../../platform/problems/problems.ts";
import { organizationSchema } from "../../tenancy/organizations/schema.ts";
import { agentSchema } from "../agents/schema.ts";

const platformScopeSchema: z.ZodType<string> = enumeration("PlatformScope", grantableScopes);

const scopesSchema = z
  .array(platformScopeSchema, { error: "must be a list of platform scopes" })
  .min(1, { error: "must name at least one scope" })
  .max(grantableScopes.length, { abort: true, error: `must name at most ${grantableScopes.length} scopes` })
  .refine(isUnique, unique)
  .transform((scopes) => scopes as readonly string[] as readonly Scope[])
  .openapi({
    uniqueItems: true,
    description: "The scopes of the session; left out, every platform scope that the agent holds",
    example: ["agents:read", "audit:read"],
  });

/** A stranger sends it, so nothing longer than an id or a secret goes further. */
const credentialText = z
  .string({ error: "must be a text" })
  .min(1, { error: "must not be empty" })
  .max(256, { error: "must have at most 256 characters" });

/** With the credentials of an agent, or with a link. */
export const signInSchema = z
  .strictObject({
    clientId: credentialText.optional().openapi({ example: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" }),
    clientSecret: credentialText.optional().openapi({ example: "sa_sec_…" }),
    scopes: scopesSchema.optional(),
    code: credentialText.optional().openapi({
      description: "What follows `#code=` in a link, alone: a link has its own scopes",
      example: "rI1SzKUyzyN9nqTSQgv0qk9PRsGPNdOLQ_vXUJ3qSdw",
    }),
  })
  .superRefine(({ code, clientId, clientSecret, scopes }, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (code === undefined) {
      if (clientId === undefined) refuse("clientId", missing);
      if (clientSecret === undefined) refuse("clientSecret", missing);
    } else if ([clientId, clientSecret, scopes].some((field) => field !== undefined)) {
      refuse("code", "must be the only field");
    }
  })
  .openapi("SignIn", {
    example: { clientId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", clientSecret: "sa_sec_…", scopes: ["agents:read"] },
  });

export const consoleLinkSchema = z
  .object({
    url: z.url().openapi({
      description: "Opens the console in a browser, once. Whoever has it can sign in: show it to nobody else",
      example: "https://idp.example.com/console/sign-in#code=rI1SzKUyzyN9nqTSQgv0qk9PRsGPNdOLQ_vXUJ3qSdw",
    }),
    expiresAt: timeSchema.openapi({ description: "A minute from now, or the end of the token" }),
  })
  .openapi("ConsoleLink");

const sessionIdSchema = z
  .uuid({ error: "must be a UUID" })
  .toLowerCase()
  .transform((id) => id as TokenId);

export const sessionPath = z.object({ id: sessionIdSchema });

export const sessionSchema = z
  .object({
    sessionId: sessionIdSchema,
    agent: agentSchema,
    organization: organizationSchema,
    role: memberRoleSchema.nullable().openapi({ description: "null: not a member of the organization" }),
    isOperator: z.boolean().openapi({ description: "Whether the organization is the operator's" }),
    scopes: z.array(textLike("agents:read")),
    csrfToken: z.string().openapi({
      description: "Calls with another method than GET and HEAD send it as `X-CSRF-Token`",
      example: "rI1SzKUyzyN9nqTSQgv0qk9PRsGPNdOLQ_vXUJ3qSdw",
    }),
    expiresAt: timeSchema.openapi({
      description: "The end at the latest; it ends earlier after 30 minutes without a call",
    }),
  })
  .openapi("ConsoleSession");

export const listedSessionSchema = z
  .object({
    sessionId: sessionIdSchema,
    isCurrent: z.boolean().openapi({ description: "Whether it is the session of this request" }),
    credentialId: credentialIdSchema.nullable().openapi({
      description: "The credential or trust policy of the sign-in; null for the agent's own key",
    }),
    scopes: z.array(textLike("agents:read")),
    userAgent: textLike("Mozilla/5.0"),
    ip: textLike("203.0.113.7"),
    createdAt: timeSchema,
    lastUsedAt: timeSchema.openapi({ description: "Of its latest call, to half a minute" }),
    expiresAt: timeSchema,
  })
  .openapi("ListedSession");

export const sessionPageSchema = pageSchema("SessionPage", listedSessionSchema);

export type SignIn = z.output<typeof signInSchema>;
export type ConsoleLink = z.output<typeof consoleLinkSchema>;
export type Session = z.output<typeof sessionSchema>;
export type ListedSession = z.output<typeof listedSessionSchema>;
