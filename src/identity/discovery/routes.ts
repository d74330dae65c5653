/** The paths of the metadata documents. */
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { notModified, publicDocument } from "../../platform/http/public-document.ts";
import { json } from "../../platform/http/route.ts";
import { resourceMetadataSchema, serverMetadataSchema } from "./schema.ts";
import { resourceMetadata, serverMetadata } from "./service.ts";

/** At the root: well-known URIs (RFC 8615). */
export const discoveryRoutes = createRouter();

const fiveMinutes = { maxAgeSeconds: 300 };

const serverMetadataPaths = [
  ["/.well-known/oauth-authorization-server", "Read the authorization server metadata (RFC 8414)"],
  ["/.well-known/openid-configuration", "Read the OpenID provider metadata (OpenID Connect Discovery 1.0)"],
] as const;

for (const [path, summary] of serverMetadataPaths) {
  discoveryRoutes.openapi(
    route({
      method: "get",
      path,
      access: "public",
      tags: ["Discovery"],
      summary,
      responses: { 200: json(serverMetadataSchema, "The metadata"), ...notModified },
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
    responses: { 200: json(resourceMetadataSchema, "The metadata"), ...notModified },
  }),
  (c) => publicDocument(c, resourceMetadata(c.get("context").settings.issuer), fiveMinutes),
);
