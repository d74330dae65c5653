/** The wire shapes of the metadata documents. */
import { z } from "@hono/zod-openapi";

const algs = z.array(z.string());

/** OpenID Connect Discovery 1.0, 3, and RFC 8414 2. */
export const serverMetadataSchema = z
  .object({
    issuer: z.url(),
    authorization_endpoint: z.url().openapi({ description: "Answers 400: agents sign in at the token endpoint" }),
    token_endpoint: z.url(),
    userinfo_endpoint: z.url(),
    jwks_uri: z.url(),
    introspection_endpoint: z.url(),
    revocation_endpoint: z.url(),
    grant_types_supported: z.array(z.string()),
    response_types_supported: z.array(z.string()),
    token_endpoint_auth_methods_supported: z.array(z.string()),
    token_endpoint_auth_signing_alg_values_supported: algs,
    introspection_endpoint_auth_methods_supported: z.array(z.string()),
    introspection_endpoint_auth_signing_alg_values_supported: algs,
    revocation_endpoint_auth_methods_supported: z.array(z.string()),
    revocation_endpoint_auth_signing_alg_values_supported: algs,
    scopes_supported: z.array(z.string()),
    subject_types_supported: z.array(z.string()),
    id_token_signing_alg_values_supported: algs,
    dpop_signing_alg_values_supported: algs,
    claims_supported: z.array(z.string()),
    service_documentation: z.url(),
  })
  .openapi("ServerMetadata");

export type ServerMetadata = z.output<typeof serverMetadataSchema>;

/** RFC 9728 2. */
export const resourceMetadataSchema = z
  .object({
    resource: z.url(),
    authorization_servers: z.array(z.url()),
    jwks_uri: z.url(),
    scopes_supported: z.array(z.string()),
    bearer_methods_supported: z.array(z.string()),
    dpop_signing_alg_values_supported: algs,
    dpop_bound_access_tokens_required: z.boolean(),
    resource_documentation: z.url(),
  })
  .openapi("ProtectedResourceMetadata");

export type ResourceMetadata = z.output<typeof resourceMetadataSchema>;
