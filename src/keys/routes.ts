/** The rotation of the signing keys, and the published key set. */
import { route } from "../access/route.ts";
import { createRouter } from "../access/router.ts";
import { notModified, publicDocument } from "../platform/http/public-document.ts";
import { answer } from "../platform/http/respond.ts";
import { json } from "../platform/http/route.ts";
import { jwksSchema, keysRotatedSchema, rotateKeysSchema } from "./schema.ts";
import { keySet, rotateSigningKeys } from "./service.ts";

/** Relative to `/api/v1`. */
export const keyRoutes = createRouter();

keyRoutes.openapi(
  route({
    method: "post",
    path: "/keys/rotate",
    access: "admin:orgs",
    changesAuthority: true,
    exempt: true,
    tags: ["Keys"],
    summary: "Rotate the signing keys",
    sdk: { call: "keys.rotate", retry: "never" },
    description:
      "For admins of the operator's organization. The next key starts to sign. The old key stays published until its last token has expired. Wait five minutes between two rotations: a verifier may keep the published keys for so long, and does not have a newer next key yet. With `compromised`, the old keys and every token that they signed, with the caller's own token, are revoked before the answer. Each further call revokes the keys that are current then.",
    request: { body: json(rotateKeysSchema, "Whether the keys are compromised") },
    responses: { 200: json(keysRotatedSchema, "The published keys after the rotation") },
  }),
  async (c) => {
    const { compromised = false } = c.req.valid("json");
    return answer(c, await rotateSigningKeys(c.get("context"), c.get("caller"), { compromised }), 200);
  },
);

/** Relative to the root: a well-known URI (RFC 8615). */
export const keySetRoutes = createRouter();

keySetRoutes.openapi(
  route({
    method: "get",
    path: "/.well-known/jwks.json",
    access: "public",
    tags: ["Discovery"],
    summary: "Read the published keys (RFC 7517)",
    sdk: { call: "discovery.jwks", retry: "read" },
    responses: { 200: json(jwksSchema, "The next, current and previous keys"), ...notModified },
  }),
  async (c) => publicDocument(c, await keySet(c.get("context")), { maxAgeSeconds: 300 }),
);
