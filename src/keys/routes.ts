/** Rotating the signing keys, and the public documents that name and publish them. */

import { route } from "../access/route.ts";
import { createRouter } from "../access/router.ts";
import { proofAlgs, supportedGrantTypes } from "../identity/tokens/service.ts";
import { notModified, publicDocument } from "../platform/http/public-document.ts";
import { fail } from "../platform/http/respond.ts";
import { json } from "../platform/http/route.ts";
import {
  jwksSchema,
  keysRotatedSchema,
  resourceMetadataSchema,
  rotateKeysSchema,
  serverMetadataSchema,
} from "./schema.ts";
import { keySet, resourceMetadata, rotateSigningKeys, serverMetadata } from "./service.ts";

const tokenFeatures = { grantTypes: supportedGrantTypes, proofAlgs };

/** Relative to `/api/v1`. */
export const keyRoutes = createRouter();

keyRoutes.openapi(
  route({
    method: "post",
    path: "/keys/rotate",
    access: "admin:orgs",
    exempt: true,
    tags: ["Keys"],
    summary: "Rotate the signing keys",
    description:
      "For admins of the operator's organization. The next key starts to sign, and the old one stays published until its last token has expired. With `compromised`, the old keys and every token that they signed, the caller's own among them, are dropped before the answer; each further call drops the keys that are current by then.",
    request: { body: json(rotateKeysSchema, "Nothing, or why") },
    responses: { 200: json(keysRotatedSchema, "The published keys after the rotation") },
  }),
  async (c) => {
    const { compromised = false } = c.req.valid("json");
    const result = await rotateSigningKeys(c.get("context"), c.get("caller"), { compromised });
    return result.ok ? c.json(result.value, 200) : fail(c, result);
  },
);

/** At the root: well-known URIs (RFC 8615). */
export const wellKnownRoutes = createRouter();

const fiveMinutes = { maxAgeSeconds: 300 };

wellKnownRoutes.openapi(
  route({
    method: "get",
    path: "/.well-known/jwks.json",
    access: "public",
    tags: ["Discovery"],
    summary: "Read the published keys (RFC 7517)",
    responses: { 200: json(jwksSchema, "The next, current and previous keys"), ...notModified },
  }),
  async (c) => publicDocument(c, await keySet(c.get("context")), fiveMinutes),
);

wellKnownRoutes.openapi(
  route({
    method: "get",
    path: "/.well-known/oauth-authorization-server",
    access: "public",
    tags: ["Discovery"],
    summary: "Read the authorization server metadata (RFC 8414)",
    responses: { 200: json(serverMetadataSchema, "The metadata"), ...notModified },
  }),
  (c) => publicDocument(c, serverMetadata(c.get("context").settings.issuer, tokenFeatures), fiveMinutes),
);

wellKnownRoutes.openapi(
  route({
    method: "get",
    path: "/.well-known/openid-configuration",
    access: "public",
    tags: ["Discovery"],
    summary: "Read the OpenID provider metadata (OpenID Connect Discovery 1.0)",
    responses: { 200: json(serverMetadataSchema, "The metadata"), ...notModified },
  }),
  (c) => publicDocument(c, serverMetadata(c.get("context").settings.issuer, tokenFeatures), fiveMinutes),
);

wellKnownRoutes.openapi(
  route({
    method: "get",
    path: "/.well-known/oauth-protected-resource",
    access: "public",
    tags: ["Discovery"],
    summary: "Read the protected resource metadata (RFC 9728)",
    responses: { 200: json(resourceMetadataSchema, "The metadata"), ...notModified },
  }),
  (c) => publicDocument(c, resourceMetadata(c.get("context").settings.issuer, tokenFeatures), fiveMinutes),
);
