/** The OAuth endpoints: token (RFC 6749 3.2), introspection (RFC 7662), revocation (RFC 7009). */
import { type AppContext, recordCall } from "../../access/app-env.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { fail } from "../../platform/http/respond.ts";
import { type Aliased, json } from "../../platform/http/route.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { tokenRequestSchema } from "./request.ts";
import {
  type ClientForm,
  introspectionSchema,
  tokenFormSchema,
  tokenResponseSchema,
  workloadTokenSchema,
} from "./schema.ts";
import { type Asker, admitAsker, exchangeWorkloadToken, introspectToken, issueToken, revokeToken } from "./service.ts";

export const tokenRoutes = createRouter();

const form = <S extends typeof tokenRequestSchema | typeof tokenFormSchema>(schema: S) => ({
  required: true,
  content: {
    "application/x-www-form-urlencoded": {
      schema,
      // The default of OpenAPI, which generators read only here: `resource` is sent once for each value (RFC 8707 2).
      ...("resource" in schema.shape ? { encoding: { resource: { style: "form", explode: true } } } : {}),
    },
  },
});

const noStore = { "Cache-Control": "no-store", Pragma: "no-cache" };

const clientOf = (c: AppContext, fields: ClientForm) => ({
  authorization: c.req.header("Authorization"),
  form: fields,
  path: c.req.path,
});

const tokenEndpoint = (own: Aliased<"/token" | "/oauth2/token">) =>
  route({
    ...own,
    method: "post",
    access: "client",
    tags: ["Tokens"],
    description:
      "An agent signs in with its secret (HTTP Basic or `client_secret`) or with a JWT signed by its own key (`client_assertion`); a workload with the token of its own platform (`assertion`) and no authentication. Without `resource` the token is for this service and carries platform scopes; with `resource` it is for that API and carries capabilities. Without `scope` it carries everything that the agent can have there, except `openid`, `admin:orgs` and `delegations:write`.",
    request: { body: form(tokenRequestSchema) },
    responses: {
      200: { description: "The access token", content: { "application/json": { schema: tokenResponseSchema } } },
    },
    errors: ["UNAUTHORIZED", "FREE_TIER_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED"],
  });

for (const definition of [
  tokenEndpoint({
    path: "/token",
    operationId: "issueToken",
    summary: "Get an access token",
    sdk: { call: "tokens.issue", retry: "read" },
  }),
  tokenEndpoint({
    path: "/oauth2/token",
    operationId: "issueTokenOAuth2",
    summary: "Get an access token (the same endpoint by another path)",
    sdk: false,
  }),
]) {
  tokenRoutes.openapi(definition, async (c) => {
    const fields = c.req.valid("form");
    const request = { ...clientOf(c, fields), form: fields, dpop: c.req.header("DPoP") };
    const result = await issueToken(c.get("context"), request);
    if (!result.ok) return fail(c, result);
    const { response, headers } = result.value;
    return c.json(response, 200, { ...noStore, ...headers });
  });
}

const workloadToken = route({
  method: "post",
  path: "/oidc/token",
  access: "public",
  tags: ["Workload identity"],
  operationId: "exchangeWorkloadToken",
  summary: "Turn a workload's OIDC token into an access token",
  sdk: { call: "tokens.exchangeWorkload", retry: "never" },
  description:
    "The workload signs in with the token of its platform (GitHub Actions, GitLab, Kubernetes, …), which can be used once, and without a secret. `scope`, `resource` and the `DPoP` header are those of the token endpoint. The same as the grant `urn:ietf:params:oauth:grant-type:jwt-bearer` there. Errors are those of OAuth: `invalid_grant`, whatever is wrong with the token; the audit log of the agent's organization has the reason.",
  request: { body: { required: true, ...json(workloadTokenSchema, "The token, and the agent to sign in as") } },
  responses: { 200: json(tokenResponseSchema, "The access token") },
  errors: ["UNAUTHORIZED", "FREE_TIER_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED"],
});

tokenRoutes.openapi(workloadToken, async (c) => {
  const request = { path: c.req.path, dpop: c.req.header("DPoP") };
  const result = await exchangeWorkloadToken(c.get("context"), c.req.valid("json"), request);
  if (!result.ok) return fail(c, result);
  const { response, headers } = result.value;
  return c.json(response, 200, { "Cache-Control": "no-store", ...headers });
});

/** Admits the agent, and records whose call it is. */
async function admit(c: AppContext, fields: ClientForm, exempt: boolean): Promise<Result<Asker>> {
  const admitted = await admitAsker(c.get("context"), c.req.raw, clientOf(c, fields), { exempt });
  if (!admitted.ok) return admitted;
  const { organizationId, headers, asker } = admitted.value;
  recordCall(c, organizationId, headers);
  return ok(asker);
}

tokenRoutes.openapi(
  route({
    method: "post",
    path: "/token/introspect",
    access: "holder",
    operationId: "introspectToken",
    tags: ["Tokens"],
    summary: "Introspect a token (RFC 7662)",
    sdk: { call: "tokens.introspect", retry: "read" },
    description:
      "By access token or by client authentication. Every agent may introspect its own tokens, and the `servers` of a resource its tokens. With `tokens:read` (in the access token; for a client in `grantedScopes`) an agent may introspect all tokens of its organization and all tokens for the organization's resources.",
    request: { body: form(tokenFormSchema) },
    responses: {
      200: {
        description: "The token; `active: false` and nothing more unless it is active and the agent may introspect it",
        content: { "application/json": { schema: introspectionSchema } },
      },
    },
    errors: ["UNAUTHORIZED", "FREE_TIER_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED"],
  }),
  async (c) => {
    const fields = c.req.valid("form");
    const asker = await admit(c, fields, false);
    if (!asker.ok) return fail(c, asker);
    return c.json(await introspectToken(c.get("context"), asker.value, fields.token), 200, noStore);
  },
);

tokenRoutes.openapi(
  route({
    method: "post",
    path: "/token/revoke",
    access: "holder",
    operationId: "revokeToken",
    tags: ["Tokens"],
    summary: "Revoke a token (RFC 7009)",
    sdk: { call: "tokens.revoke", retry: "idempotent" },
    description:
      "The caller's own token, or any token of its organization with `agents:write`. Unknown and dead tokens get 200 as well.",
    request: { body: form(tokenFormSchema) },
    responses: { 200: { description: "The token is dead, or was never alive, or is not the caller's to revoke" } },
    errors: ["UNAUTHORIZED", "RATE_LIMIT_EXCEEDED"],
  }),
  async (c) => {
    const fields = c.req.valid("form");
    const asker = await admit(c, fields, true);
    if (!asker.ok) return fail(c, asker);
    await revokeToken(c.get("context"), asker.value, fields.token);
    return c.body(null, 200, noStore);
  },
);
