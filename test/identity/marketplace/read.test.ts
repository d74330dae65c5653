/** GET /api/v1/marketplace/agents/{agentId}. */
import { expect, it } from "vitest";
import { call, issuer, newAgent, newOrganization } from "../../support/api.ts";

const read = (agentId: string) => call(`/api/v1/marketplace/agents/${agentId}`);

it("200: the listing of a public agent", async () => {
  const { token } = await newOrganization();
  const agent = await newAgent(token, { isPublic: true });
  const { status, body, headers } = await read(agent.agentId);
  expect(status).toBe(200);
  expect(headers.get("Cache-Control")).toBe("public, max-age=60");
  expect(body).toStrictEqual({
    agentId: agent.agentId,
    did: agent.did,
    name: agent.email,
    agentType: "screener",
    capabilities: ["resume:read"],
    owner: "talent-team",
    version: "1.0.0",
    deploymentEnv: "production",
    identityProvider: issuer,
    issuedAt: agent.createdAt,
  });
});

it("404: an agent that is not public answers as an id that never was", async () => {
  const { token } = await newOrganization();
  const hidden = await newAgent(token);
  const suspended = await newAgent(token, { isPublic: true });
  await call(`/api/v1/agents/${suspended.agentId}`, { token, method: "PATCH", json: { status: "suspended" } });
  for (const id of [hidden.agentId, suspended.agentId, "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10"]) {
    const { status, body } = await read(id);
    expect({ status, ...body, requestId: "" }).toStrictEqual({
      status: 404,
      code: "AGENT_NOT_FOUND",
      message: "The marketplace has no agent with this id.",
      hint: "Check the id.",
      docs: "http://localhost:8787/errors#AGENT_NOT_FOUND",
      requestId: "",
    });
  }
});

it("400: what is no id", async () => {
  expect((await read("no-id")).body.code).toBe("VALIDATION_ERROR");
});
