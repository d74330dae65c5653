/** GET /api/v1/agents/{agentId}/did/resolve: W3C DID Resolution. */
import { describe, expect, it } from "vitest";
import { call, newAgent, newOrganization, theOperator } from "../../support/api.ts";

const seconds = (time: string) => time.replace(/\.\d+Z$/, "Z");
const resolve = (agentId: string, token?: string) =>
  call(`/api/v1/agents/${agentId}/did/resolve`, token === undefined ? {} : { token });

describe("200", () => {
  it("the document, and what is known of it", async () => {
    const { token } = await newOrganization();
    const agent = await newAgent(token);
    const document = await call(`/agents/${agent.agentId}/did.json`);
    const { status, body, headers } = await resolve(agent.agentId, token);
    expect(status).toBe(200);
    expect(headers.get("Cache-Control")).toBe("no-store");
    expect(body).toStrictEqual({
      "@context": "https://w3id.org/did-resolution/v1",
      didDocument: document.body,
      didDocumentMetadata: {
        created: seconds(agent.createdAt),
        updated: seconds(agent.updatedAt),
        deactivated: false,
        versionId: document.headers.get("ETag")?.replaceAll('"', ""),
      },
      didResolutionMetadata: { contentType: "application/did+json" },
    });
  });

  it("for an agent of another organization: the document is public", async () => {
    const [one, other] = [await newOrganization(), await newOrganization()];
    const { agentId, did } = await newAgent(one.token);
    const { status, body } = await resolve(agentId, other.token);
    expect([status, body.didDocument.id]).toEqual([200, did]);
  });

  it("a suspended agent's DID is not deactivated; its versionId is another", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const before = (await resolve(agentId, token)).body.didDocumentMetadata;
    await call(`/api/v1/agents/${agentId}`, { token, method: "PATCH", json: { status: "suspended" } });
    const after = (await resolve(agentId, token)).body.didDocumentMetadata;
    expect(after.deactivated).toBe(false);
    expect(after.versionId).not.toBe(before.versionId);
  });
});

it("410: a deactivated DID has metadata and no document, in one object with the problem", async () => {
  const { token } = await newOrganization();
  const agent = await newAgent(token);
  await call(`/api/v1/agents/${agent.agentId}`, { token, method: "DELETE" });
  const { body: record } = await call(`/api/v1/agents/${agent.agentId}`, { token });
  const { status, body, headers } = await resolve(agent.agentId, token);
  expect(status).toBe(410);
  expect(body).toStrictEqual({
    code: "AGENT_DECOMMISSIONED",
    message: "The agent is decommissioned, or its organization deleted. Its DID is deactivated permanently.",
    hint: "Accept nothing new from this agent.",
    docs: "http://localhost:8787/errors#AGENT_DECOMMISSIONED",
    requestId: headers.get("X-Request-Id"),
    "@context": "https://w3id.org/did-resolution/v1",
    didDocument: null,
    didDocumentMetadata: {
      created: seconds(agent.createdAt),
      updated: seconds(record.updatedAt),
      deactivated: true,
    },
    didResolutionMetadata: {},
  });
});

const id = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";

describe("a DID without a document has the members of a resolution result, in one object with the problem", () => {
  it.each([
    ["notFound", 404, "AGENT_NOT_FOUND", id],
    ["invalidDid", 400, "VALIDATION_ERROR", "not-an-id"],
    ["invalidOptions", 400, "VALIDATION_ERROR", `${id}/did/resolve?versionId=1`],
    ["invalidOptions", 400, "VALIDATION_ERROR", `${id}/did/resolve?versionTime=2026-01-01T00:00:00Z`],
  ])("%s: %i %s", async (error, expected, code, path) => {
    const { token } = await theOperator();
    const { status, body } = await call(`/api/v1/agents/${path.includes("/") ? path : `${path}/did/resolve`}`, {
      token,
    });
    expect(status).toBe(expected);
    expect(body).toMatchObject({
      code,
      "@context": "https://w3id.org/did-resolution/v1",
      didDocument: null,
      didDocumentMetadata: {},
      didResolutionMetadata: { error },
    });
  });

  it("versionId is refused for an agent that exists: its older documents are not kept", async () => {
    const { token } = await theOperator();
    const { agentId } = await newAgent(token);
    const { body } = await call(`/api/v1/agents/${agentId}/did/resolve?versionId=1`, { token });
    expect(body.message).toBe("versionId: is not supported, only the current document can be resolved");
  });
});

it("401: without a token", async () => {
  const { token } = await theOperator();
  const { agentId } = await newAgent(token);
  expect((await resolve(agentId)).status).toBe(401);
});
