/** The paths of credentials. */

import { once } from "../../access/idempotency/once.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { refuseReplaced } from "../../access/secret-holder.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { answer } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import {
  createCredentialSchema,
  credentialPath,
  credentialSchema,
  credentialsPath,
  credentialWithSecretSchema,
  rotateCredentialSchema,
} from "./schema.ts";
import {
  createCredential,
  listCredentials,
  ownRotationHint,
  revokeCredential,
  rotateCredential,
  useRepetition,
} from "./service.ts";

const tags = ["Credentials"];
const noStore = { "Cache-Control": "no-store" };

export const credentialRoutes = createRouter();

const create = route({
  method: "post",
  path: "/agents/{agentId}/credentials",
  access: "agents:write",
  changesAuthority: true,
  tags,
  summary: "Create a credential",
  sdk: { call: "credentials.create", retry: "keyed" },
  description: "The client secret is in this answer only. An agent may have ten active credentials.",
  request: { params: credentialsPath, body: json(createCredentialSchema, "When the credential expires, if ever") },
  responses: { 201: json(credentialWithSecretSchema, "The credential with its secret") },
  errors: ["FORBIDDEN", "AGENT_NOT_FOUND", "AGENT_ALREADY_DECOMMISSIONED", "CREDENTIAL_LIMIT_EXCEEDED"],
});

credentialRoutes.openapi(create, async (c) => {
  const { agentId } = c.req.valid("param");
  return answer(
    c,
    await once(c, (context) => createCredential(context, c.get("caller"), agentId, c.req.valid("json")), {
      secret: true,
    }),
    201,
    noStore,
  );
});

const list = route({
  method: "get",
  path: "/agents/{agentId}/credentials",
  access: "bearer",
  tags,
  operationId: "listCredentials",
  summary: "List an agent's credentials",
  sdk: { call: "credentials.list", retry: "read" },
  description:
    "Newest first, with the revoked and the expired ones, and without secrets. An agent's own credentials need `agents:read`, those of another agent `agents:write` or `audit:read`.",
  request: { params: credentialsPath, query: pageQuery },
  responses: { 200: json(pageSchema("CredentialPage", credentialSchema), "A page of credentials") },
  errors: ["FORBIDDEN", "AGENT_NOT_FOUND"],
});

credentialRoutes.openapi(list, async (c) => {
  const { agentId } = c.req.valid("param");
  return answer(
    c,
    await listCredentials(c.get("context"), c.get("caller"), agentId, c.req.valid("query")),
    200,
    noStore,
  );
});

const rotate = route({
  method: "post",
  path: "/agents/{agentId}/credentials/{credentialId}/rotate",
  access: "agents:write",
  changesAuthority: true,
  ownSecret: ownRotationHint,
  tags,
  summary: "Rotate a credential",
  sdk: { call: "credentials.rotate", retry: "keyed" },
  description:
    "Replaces the secret; id and expiry stay. The answer holds the new secret, this once. An agent rotates its own credential without a token, by HTTP Basic with the newest secret of that very credential; a secret in its overlap rotates nothing. So with an `Idempotency-Key`, which must then be a random UUID (version 4), the old secret gets a lost answer again: once, within ten minutes, from the same network. An access token needs the authority to take the agent over. With an overlap, earlier secrets keep their own. Without one, the old secret and all earlier ones end, with the tokens that they got and the delegations made with those.",
  request: {
    params: credentialPath,
    body: {
      required: true,
      ...json(rotateCredentialSchema, "How long the old secret still signs in; `{}` for not at all"),
    },
  },
  responses: { 200: json(credentialWithSecretSchema, "The credential with its new secret") },
  errors: [
    "FORBIDDEN",
    "AGENT_NOT_FOUND",
    "CREDENTIAL_NOT_FOUND",
    "AGENT_ALREADY_DECOMMISSIONED",
    "CREDENTIAL_ALREADY_REVOKED",
  ],
});

credentialRoutes.openapi(rotate, async (c) => {
  const { agentId, credentialId } = c.req.valid("param");
  const holder = c.get("client");
  const rotating = holder ? { holder } : { caller: c.get("caller") };
  const named = { agentId, credentialId };
  const rotated = await once(c, (context) => rotateCredential(context, rotating, named, c.req.valid("json")), {
    secret: true,
    admitRepetition: async (first) => {
      if (!holder || holder.repeats === null) return null;
      return (await useRepetition(c.get("context"), holder, named, first)) ? null : refuseReplaced(c);
    },
  });
  return answer(c, rotated, 200, noStore);
});

const revoke = route({
  method: "delete",
  path: "/agents/{agentId}/credentials/{credentialId}",
  access: "agents:write",
  changesAuthority: true,
  exempt: true,
  tags,
  summary: "Revoke a credential",
  sdk: { call: "credentials.revoke", retry: "idempotent" },
  description:
    "Final. The tokens that were issued for it are revoked. The caller must have the authority to take the agent over.",
  request: { params: credentialPath },
  responses: { 204: { description: "Revoked" } },
  errors: [
    "FORBIDDEN",
    "AGENT_NOT_FOUND",
    "CREDENTIAL_NOT_FOUND",
    "AGENT_ALREADY_DECOMMISSIONED",
    "CREDENTIAL_ALREADY_REVOKED",
  ],
});

credentialRoutes.openapi(revoke, async (c) => {
  const { agentId, credentialId } = c.req.valid("param");
  return answer(c, await revokeCredential(c.get("context"), c.get("caller"), agentId, credentialId), 204);
});
