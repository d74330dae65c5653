import { expect, it } from "vitest";
import { call, issuer, newAgent, newOrganization } from "../../support/api.ts";

it("GET /api/v1/agents/{agentId}/did/card: what the agent shows to those who meet it, and nothing else", async () => {
  const { token } = await newOrganization();
  const agent = await newAgent(token, { description: "inner workings", isPublic: true });
  const { status, body } = await call(`/api/v1/agents/${agent.agentId}/did/card`);
  expect(status).toBe(200);
  expect(body).toStrictEqual({
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

it("of a public agent is public, open to scripts of any origin, and may be kept for a minute", async () => {
  const { token } = await newOrganization();
  const { agentId } = await newAgent(token, { isPublic: true });
  const path = `/api/v1/agents/${agentId}/did/card`;
  const { headers } = await call(path, { headers: { Origin: "https://app.example" } });
  expect(headers.get("Content-Type")).toBe("application/json");
  expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(headers.get("Cache-Control")).toBe("public, max-age=60");
  expect((await call(path, { headers: { "If-None-Match": headers.get("ETag")! } })).status).toBe(304);
});

it("is where the DID document says", async () => {
  const { token } = await newOrganization();
  const { agentId } = await newAgent(token, { isPublic: true });
  const [card] = (await call(`/agents/${agentId}/did.json`)).body.service;
  expect(card.type).toBe("AgentCard");
  expect((await call(new URL(card.serviceEndpoint).pathname)).status).toBe(200);
});
