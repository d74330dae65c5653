/**
 * Wire shapes of the token, introspection and revocation endpoints. RFC 6749 3.2: unknown parameters are ignored, and one
 * without a value is treated as if it was left out.
 */
import { z } from "@hono/zod-openapi";
import { component, enumeration } from "../../platform/http/components.ts";
import { textLike } from "../../platform/http/fields.ts";
import { agentIdSchema } from "../../platform/ids.ts";
import { missing } from "../../platform/problems/problems.ts";

/** RFC 6749 3.2: a parameter is sent at most once. A repeated one arrives as an array and is refused here. */
const once = z.string({
  error: ({ input }) => (input === undefined ? missing : "must be sent exactly once"),
});
const required = once.min(1, { error: missing });
/** A parameter of the token request that may be left out; one without a value was. */
export const optionalParameter = once.transform((text) => (text === "" ? undefined : text)).optional();

const clientFields = {
  client_id: optionalParameter.openapi({ description: "The agent's id, with `client_secret` or `client_assertion`" }),
  client_secret: optionalParameter.openapi({ description: "client_secret_post" }),
  client_assertion_type: optionalParameter.openapi({
    description: "`urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, for private_key_jwt",
  }),
  client_assertion: optionalParameter.openapi({
    description: "A JWT signed with the agent's registered key (RFC 7523)",
  }),
};

/** The meaning of `resource`. */
export const resourceMeaning =
  "The API that the token is for (RFC 8707): the identifier of a registered resource, which becomes `aud`. This service when left out";

/** What a token request has whatever its grant; each grant adds its own. */
export const commonParameters = {
  grant_type: required.openapi({ example: "client_credentials" }),
  scope: optionalParameter.openapi({
    description: "For this service platform scopes, for a resource capabilities",
    example: "agents:read audit:read",
  }),
  resource: z.union([z.string(), z.array(z.string()).max(16)]).optional(),
  ...clientFields,
};

/** A member of a JSON body. An empty one was left out, as at the token endpoint. */
const optionalText = z
  .string({ error: "must be a text" })
  .transform((text) => (text === "" ? undefined : text))
  .optional();

export const workloadTokenSchema = z
  .strictObject({
    token: z.string({ error: "must be a text" }).min(1, { error: "must not be empty" }).openapi({
      description: "The OIDC token (a JWT) of the workload's platform",
      example: "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9…",
    }),
    agentId: agentIdSchema.openapi({ description: "The agent to sign in as" }),
    scope: optionalText.openapi({
      description: "As at the token endpoint; without it everything that fits the audience",
      example: "resume:read",
    }),
    resource: optionalText.openapi({
      description: "RFC 8707, as at the token endpoint: the API that the access token is for; without it this service",
      example: "https://resumes.example.com",
    }),
  })
  .openapi("WorkloadToken");

export const tokenResponseSchema = z
  .object({
    access_token: textLike("eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9…"),
    token_type: enumeration("AccessTokenType", ["Bearer", "DPoP"]).openapi({
      description: "DPoP when the request carried a proof (RFC 9449)",
    }),
    expires_in: z.int().openapi({ description: "Seconds", example: 3600 }),
    scope: z.string().openapi({ example: "agents:read audit:read" }),
    id_token: z.string().optional().openapi({ description: "When the scope `openid` was granted" }),
    issued_token_type: z
      .string()
      .optional()
      .openapi({ description: "With the token exchange: `urn:ietf:params:oauth:token-type:access_token`" }),
  })
  .openapi("TokenResponse");

export type WorkloadToken = z.output<typeof workloadTokenSchema>;
export type TokenResponse = z.output<typeof tokenResponseSchema>;

const tokenFormFields = {
  token: required.openapi({ example: "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9…" }),
  token_type_hint: optionalParameter,
  ...clientFields,
};

/** A token in a form: RFC 7662 2.1 and RFC 7009 2.1. The hint is not needed and is ignored. */
export const tokenFormSchema = component("TokenForm", z.looseObject(tokenFormFields), z.object(tokenFormFields));

/** How a form authenticates its client. */
export type ClientForm = z.output<z.ZodObject<typeof clientFields>>;

export const introspectionSchema = z
  .object({
    active: z.boolean(),
    scope: z.string().optional(),
    client_id: z.string().optional(),
    sub: z.string().optional(),
    aud: z.string().optional(),
    iss: z.string().optional(),
    exp: z.int().optional(),
    iat: z.int().optional(),
    jti: z.string().optional(),
    token_type: z.string().optional().openapi({ description: "`Bearer`, `DPoP` or `delegation`" }),
    organization_id: z.string().optional(),
    cnf: z
      .object({ jkt: z.string() })
      .optional()
      .openapi({ description: "The key that the token is bound to (RFC 9449)" }),
    act: z
      .object({ sub: z.string() })
      .optional()
      .openapi({ description: "Who acts with the subject's authority (RFC 8693 4.1)" }),
  })
  .openapi("Introspection", {
    example: {
      active: true,
      scope: "agents:read audit:read",
      client_id: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
      sub: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
      aud: "https://idp.example.com",
      iss: "https://idp.example.com",
      exp: 1790856000,
      iat: 1790852400,
      jti: "0199f0c2-5a31-7f34-a266-8b2d3e4f5061",
      token_type: "Bearer",
      organization_id: "0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f",
    },
  });

export type Introspection = z.output<typeof introspectionSchema>;

/** The `data` of `token.issued` and `token.revoked`, which the ledger makes. */
component(
  "TokenEventData",
  z.object({ agentId: agentIdSchema, scope: z.string().openapi({ example: "resume:read" }) }),
);
