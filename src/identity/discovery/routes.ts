/** The paths of the metadata documents. */
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { notModified, publicDocument } from "../../platform/http/public-document.ts";
import { fail } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { problem } from "../../platform/problems/problems.ts";
import { pageHeaders } from "../../platform/web/document.ts";
import { prefersPage } from "../../platform/web/negotiation.ts";
import { noSignInPage, noSignInReason } from "./no-sign-in-page.ts";
import { resourceMetadataSchema, serverMetadataSchema } from "./schema.ts";
import { resourceMetadata, serverMetadata } from "./service.ts";

/** At the root: well-known URIs (RFC 8615). */
export const discoveryRoutes = createRouter();

/** The issuer in the examples of the document. */
const exampleIssuer = "https://idp.example.com";

const fiveMinutes = { maxAgeSeconds: 300 };

const serverMetadataPaths = [
  {
    path: "/.well-known/oauth-authorization-server",
    operationId: "readAuthorizationServerMetadata",
    summary: "Read the authorization server metadata (RFC 8414)",
    sdk: { call: "discovery.authorizationServer", retry: "read" },
  },
  {
    path: "/.well-known/openid-configuration",
    operationId: "readOpenIdProviderMetadata",
    summary: "Read the OpenID provider metadata (OpenID Connect Discovery 1.0)",
    sdk: { call: "discovery.openIdConfiguration", retry: "read" },
  },
] as const;

for (const definition of serverMetadataPaths) {
  discoveryRoutes.openapi(
    route({
      ...definition,
      method: "get",
      access: "public",
      tags: ["Discovery"],
      responses: { 200: json(serverMetadataSchema, "The metadata", serverMetadata(exampleIssuer)), ...notModified },
    }),
    (c) => publicDocument(c, serverMetadata(c.get("context").settings.issuer), fiveMinutes),
  );
}

discoveryRoutes.openapi(
  route({
    method: "get",
    path: "/.well-known/oauth-protected-resource",
    access: "public",
    tags: ["Discovery"],
    summary: "Read the protected resource metadata (RFC 9728)",
    sdk: { call: "discovery.protectedResource", retry: "read" },
    responses: { 200: json(resourceMetadataSchema, "The metadata", resourceMetadata(exampleIssuer)), ...notModified },
  }),
  (c) => publicDocument(c, resourceMetadata(c.get("context").settings.issuer), fiveMinutes),
);

/** The authorization endpoint. It never redirects: an unknown `redirect_uri` must not lead anywhere (RFC 9700 4.11). */
discoveryRoutes.get("/authorize", (c) => {
  const { issuer } = c.get("context").settings;
  const documentation = `${issuer}/guides/issue-and-revoke-tokens`;
  c.header("Vary", "Accept");
  if (prefersPage(c.req.raw)) {
    const policy = { "Content-Security-Policy": pageHeaders["Content-Security-Policy"] };
    return c.html(noSignInPage(issuer, documentation), 400, policy);
  }
  const refused = problem("VALIDATION_ERROR", noSignInReason, {
    oauthError: "unsupported_response_type",
    hint: "Request a token by the client credentials grant: `POST /api/v1/token`.",
  });
  return fail(c, refused, { error_uri: documentation });
});
