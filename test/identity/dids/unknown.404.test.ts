import { describe, expect, it } from "vitest";
import { call, newAgent, newOrganization } from "../../support/api.ts";

const nobody = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";

describe("404 AGENT_NOT_FOUND", () => {
  it.each([
    `/agents/${nobody}/did.json`,
    `/orgs/operator/agents/${nobody}/did.json`,
    `/api/v1/agents/${nobody}/did`,
    `/api/v1/agents/${nobody}/did/card`,
  ])("%s: no agent has this id", async (path) => {
    const { status, body } = await call(path);
    expect([status, body.code]).toEqual([404, "AGENT_NOT_FOUND"]);
  });

  it("an agent under the slug of another organization, decommissioned or not", async () => {
    const [one, other] = [await newOrganization(), await newOrganization()];
    const { agentId } = await newAgent(one.token);
    const path = `/orgs/${other.slug}/agents/${agentId}/did.json`;
    expect((await call(path)).body.code).toBe("AGENT_NOT_FOUND");
    expect((await call(`/orgs/no-such-slug/agents/${agentId}/did.json`)).body.code).toBe("AGENT_NOT_FOUND");
    await call(`/api/v1/agents/${agentId}`, { token: one.token, method: "DELETE" });
    expect((await call(path)).body.code).toBe("AGENT_NOT_FOUND");
  });
});

it.each(["/agents/not-a-uuid/did.json", "/api/v1/agents/' OR 1=1 --/did"])("400: %s is no agent's id", async (path) => {
  const { status, body } = await call(path);
  expect([status, body.code]).toEqual([400, "VALIDATION_ERROR"]);
});

it("405: a document is read and not written", async () => {
  const { status, headers } = await call(`/agents/${nobody}/did.json`, { method: "PUT", json: {} });
  expect([status, headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
});
