/** The paths of DID documents, their resolution, and agent cards. */
import type { z } from "@hono/zod-openapi";
import type { Caller } from "../../access/caller.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answerPublic, notModified, publicDocument } from "../../platform/http/public-document.ts";
import { fail } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { invalidPart } from "../../platform/problems/issues.ts";
import { invalid, problem } from "../../platform/problems/problems.ts";
import {
  agentCardSchema,
  agentDocumentSchema,
  agentOfOrganizationPath,
  agentPath,
  didDocumentType,
  didResolutionSchema,
  serviceDocumentSchema,
} from "./schema.ts";
import { failedResolution, readAgentCard, readAgentDocument, readServiceDocument, resolveAgentDid } from "./service.ts";

const tags = ["Decentralized identifiers"];
const access = "public";
const errors = ["AGENT_NOT_FOUND", "AGENT_DECOMMISSIONED"] as const;

const oneMinute = { maxAgeSeconds: 60 };
const didDocument = { ...oneMinute, contentType: didDocumentType };

const didJson = <S extends z.ZodType>(schema: S) => ({
  200: { description: "The DID document", content: { [didDocumentType]: { schema } } },
  ...notModified,
});

/** At the root: the paths of the did:web method. */
export const didDocumentRoutes = createRouter();

didDocumentRoutes.openapi(
  route({
    method: "get",
    path: "/.well-known/did.json",
    access,
    tags,
    operationId: "readServiceDidDocument",
    summary: "Read the service's DID document",
    sdk: { call: "dids.serviceDocument", retry: "read" },
    description: "The published keys of the service. Its DID is `did:web:<host>`.",
    responses: didJson(serviceDocumentSchema),
  }),
  async (c) => publicDocument(c, await readServiceDocument(c.get("context")), didDocument),
);

didDocumentRoutes.openapi(
  route({
    method: "get",
    path: "/agents/{agentId}/did.json",
    access,
    tags,
    operationId: "readAgentDidDocumentAtRoot",
    summary: "Read an agent's DID document",
    sdk: { call: "dids.rootDocument", retry: "read" },
    description:
      "The agent's own keys, `#key-N`, and the published keys of the service, `#<kid>`, which verify the agent's access tokens without a call to the service. While the agent or its organization is suspended, `authentication` is empty.",
    request: { params: agentPath },
    responses: didJson(agentDocumentSchema),
    errors,
  }),
  async (c) => answerPublic(c, await readAgentDocument(c.get("context"), c.req.valid("param").agentId), didDocument),
);

didDocumentRoutes.openapi(
  route({
    method: "get",
    path: "/orgs/{slug}/agents/{agentId}/did.json",
    access,
    tags,
    operationId: "readAgentDidDocumentOfOrganization",
    summary: "Read an agent's DID document by its organization",
    sdk: { call: "dids.organizationDocument", retry: "read" },
    description:
      "The same document for the agent's other DID, `did:web:<host>:orgs:<slug>:agents:<agentId>`. Each document names the other DID in `alsoKnownAs`.",
    request: { params: agentOfOrganizationPath },
    responses: didJson(agentDocumentSchema),
    errors,
  }),
  async (c) => {
    const { slug, agentId } = c.req.valid("param");
    return answerPublic(c, await readAgentDocument(c.get("context"), agentId, slug), didDocument);
  },
);

/** Relative to `/api/v1`. */
export const didRoutes = createRouter();

didRoutes.openapi(
  route({
    method: "get",
    path: "/agents/{agentId}/did",
    access,
    tags,
    operationId: "readAgentDidDocument",
    summary: "Look up an agent's DID document",
    sdk: { call: "dids.document", retry: "read" },
    description: "The document of `/agents/{agentId}/did.json`.",
    request: { params: agentPath },
    responses: didJson(agentDocumentSchema),
    errors,
  }),
  async (c) => answerPublic(c, await readAgentDocument(c.get("context"), c.req.valid("param").agentId), didDocument),
);

didRoutes.openapi(
  route({
    method: "get",
    path: "/agents/{agentId}/did/card",
    access: "optional",
    tags,
    summary: "Read an agent's card",
    sdk: { call: "agents.card", retry: "read" },
    description:
      "Without a token: for a public agent. With a token: also for any agent of the token's organization. An owner with an e-mail address is left out.",
    request: { params: agentPath },
    responses: { 200: json(agentCardSchema, "The card"), ...notModified },
    errors,
  }),
  async (c) => {
    const caller: Caller | undefined = c.get("caller");
    const result = await readAgentCard(c.get("context"), caller ?? null, c.req.valid("param").agentId);
    if (!result.ok) return fail(c, result);
    const { card, isPublic } = result.value;
    return isPublic ? publicDocument(c, card, oneMinute) : c.json(card, 200, { "Cache-Control": "no-store" });
  },
);

/** The parameters of a DID URL that name an older document (DID Core 3.2.1). */
const versionParameters = ["versionId", "versionTime"];
const notSupported = "is not supported, only the current document can be resolved";

didRoutes.openapi(
  route({
    method: "get",
    path: "/agents/{agentId}/did/resolve",
    access: "bearer",
    tags,
    operationId: "resolveAgentDid",
    summary: "Resolve an agent's DID (W3C DID Resolution)",
    sdk: { call: "dids.resolve", retry: "read" },
    description:
      "The document with its metadata, for an agent of any organization. 400, 404 and 410 also have the members of the resolution result, with `didDocument: null`. `didResolutionMetadata.error` of 400 is `invalidDid` or `invalidOptions`, that of 404 is `notFound`; a 410 has `deactivated: true`. Only the current document can be resolved: `versionId`, `versionTime` and unknown parameters are refused.",
    request: { params: agentPath },
    responses: { 200: json(didResolutionSchema, "The document and its metadata") },
    errors,
  }),
  async (c) => {
    const result = await resolveAgentDid(c.get("context"), c.req.valid("param").agentId);
    if (!result.ok) return fail(c, result, failedResolution("notFound"));
    if (result.value.didDocument === null) return fail(c, problem("AGENT_DECOMMISSIONED"), result.value);
    return c.json(result.value, 200);
  },

  (result, c) => {
    if (result.success) return;
    if (result.target === "param") return fail(c, invalidPart(result), failedResolution("invalidDid"));
    const version = versionParameters.find((name) => c.req.query(name) !== undefined);
    const refused = version === undefined ? invalidPart(result) : invalid([{ path: version, message: notSupported }]);
    return fail(c, refused, failedResolution("invalidOptions"));
  },
);
