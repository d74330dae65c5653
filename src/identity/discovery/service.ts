/** The metadata documents of this service. */
import { grantableScopes, platformScopes } from "../../access/scopes.ts";
import { proofAlgs, supportedGrantTypes } from "../tokens/service.ts";
import type { ResourceMetadata, ServerMetadata } from "./schema.ts";

const authMethods = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
const idTokenClaims = [
  "iss",
  "sub",
  "aud",
  "exp",
  "iat",
  "email",
  "email_verified",
  "email_domain_verified",
  "agent_type",
  "organization_id",
];
/** The further claims of the UserInfo endpoint; see the agent-info room. */
const agentInfoClaims = [
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
];
const assertionAlgs = ["ES256", "EdDSA", "Ed25519", "RS256", "PS256"];

/** Authorization server metadata (RFC 8414 2) and OpenID provider metadata (OpenID Connect Discovery 1.0, 3) in one. */
export function serverMetadata(issuer: string): ServerMetadata {
  return {
    issuer,
    // The MCP SDKs refuse a document without it. The endpoint grants nothing.
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/api/v1/token`,
    userinfo_endpoint: `${issuer}/agent-info`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    introspection_endpoint: `${issuer}/api/v1/token/introspect`,
    revocation_endpoint: `${issuer}/api/v1/token/revoke`,
    grant_types_supported: [...supportedGrantTypes],
    // RFC 8414 3.2 forbids an empty list. `none` returns nothing (OAuth 2.0 Multiple Response Types 4).
    response_types_supported: ["none"],
    token_endpoint_auth_methods_supported: authMethods,
    token_endpoint_auth_signing_alg_values_supported: assertionAlgs,
    introspection_endpoint_auth_methods_supported: authMethods,
    introspection_endpoint_auth_signing_alg_values_supported: assertionAlgs,
    revocation_endpoint_auth_methods_supported: authMethods,
    revocation_endpoint_auth_signing_alg_values_supported: assertionAlgs,
    scopes_supported: [...platformScopes],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256", "ES256"],
    dpop_signing_alg_values_supported: [...proofAlgs],
    claims_supported: [...idTokenClaims, ...agentInfoClaims],
    service_documentation: `${issuer}/docs`,
  };
}

/** Protected resource metadata (RFC 9728 2) of the API. `openid` is not among its scopes: no path requires it. */
export function resourceMetadata(issuer: string): ResourceMetadata {
  return {
    resource: issuer,
    authorization_servers: [issuer],
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: [...grantableScopes],
    bearer_methods_supported: ["header"],
    dpop_signing_alg_values_supported: [...proofAlgs],
    dpop_bound_access_tokens_required: false,
    resource_documentation: `${issuer}/docs`,
  };
}
