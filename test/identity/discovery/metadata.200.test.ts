/** The discovery documents: RFC 8414, OpenID Connect Discovery 1.0, RFC 9728. */
import { SELF } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { call, issuer } from "../../support/api.ts";

const authMethods = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
const assertionAlgs = ["ES256", "EdDSA", "Ed25519", "RS256", "PS256"];

const serverMetadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/api/v1/token`,
  userinfo_endpoint: `${issuer}/agent-info`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  introspection_endpoint: `${issuer}/api/v1/token/introspect`,
  revocation_endpoint: `${issuer}/api/v1/token/revoke`,
  grant_types_supported: [
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
  ],
  response_types_supported: ["none"],
  token_endpoint_auth_methods_supported: authMethods,
  token_endpoint_auth_signing_alg_values_supported: assertionAlgs,
  introspection_endpoint_auth_methods_supported: authMethods,
  introspection_endpoint_auth_signing_alg_values_supported: assertionAlgs,
  revocation_endpoint_auth_methods_supported: authMethods,
  revocation_endpoint_auth_signing_alg_values_supported: assertionAlgs,
  scopes_supported: [
    "agents:read",
    "agents:write",
    "tokens:read",
    "delegations:write",
    "audit:read",
    "webhooks:read",
    "webhooks:write",
    "admin:orgs",
    "openid",
  ],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["RS256", "ES256"],
  dpop_signing_alg_values_supported: ["ES256", "EdDSA", "Ed25519", "RS256", "PS256"],
  claims_supported: [
    ...["iss", "sub", "aud", "exp", "iat", "email"],
    ...["email_verified", "email_domain_verified", "agent_type", "organization_id"],
    ...[
      "agentId",
      "agentType",
      "capabilities",
      "owner",
      "deploymentEnv",
      "version",
      "organization_slug",
      "role",
      "scope",
      "did",
    ],
  ],
  service_documentation: `${issuer}/docs`,
};

describe.each(["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])("%s", (path) => {
  it("says everything that a client needs, and nothing that is not there", async () => {
    const { status, body } = await call(path);
    expect(status).toBe(200);
    expect(body).toEqual(serverMetadata);
  });

  it("names endpoints that exist", async () => {
    const { body } = await call(path);
    for (const endpoint of [body.token_endpoint, body.introspection_endpoint, body.revocation_endpoint]) {
      const { status, headers } = await call(new URL(endpoint).pathname, { method: "GET" });
      expect(status).toBe(405);
      expect(headers.get("Allow")).toBe("POST");
    }
    expect((await call(new URL(body.jwks_uri).pathname)).status).toBe(200);
    expect((await call(new URL(body.service_documentation).pathname)).status).toBe(200);
  });
});

describe("/.well-known/oauth-protected-resource", () => {
  it("RFC 9728 2: describes the API", async () => {
    const { status, body } = await call("/.well-known/oauth-protected-resource");
    expect(status).toBe(200);
    expect(body).toEqual({
      resource: issuer,
      authorization_servers: [issuer],
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      scopes_supported: serverMetadata.scopes_supported.filter((scope) => scope !== "openid"),
      dpop_signing_alg_values_supported: ["ES256", "EdDSA", "Ed25519", "RS256", "PS256"],
      dpop_bound_access_tokens_required: false,
      bearer_methods_supported: ["header"],
      resource_documentation: `${issuer}/docs`,
    });
  });
});

describe.each([
  "/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server",
  "/.well-known/oauth-protected-resource",
])("%s", (path) => {
  it("may be kept by anybody and asked for again with its tag", async () => {
    const first = await call(path, { headers: { Origin: "https://app.example" } });
    expect(first.headers.get("Cache-Control")).toBe("public, max-age=300");
    expect(first.headers.get("Access-Control-Allow-Origin")).toBe("*");
    const again = await call(path, { headers: { "If-None-Match": first.headers.get("ETag")! } });
    expect(again.status).toBe(304);
  });

  it("answers HEAD like GET, without the body", async () => {
    const response = await SELF.fetch(`${issuer}${path}`, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
    expect(response.headers.get("ETag")).toBe((await call(path)).headers.get("ETag"));
  });
});
