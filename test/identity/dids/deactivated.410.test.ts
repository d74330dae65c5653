import { describe, expect, it } from "vitest";
import { call, newAgent, newOrganization, theOperator } from "../../support/api.ts";

const paths = (slug: string, agentId: string) => [
  `/agents/${agentId}/did.json`,
  `/orgs/${slug}/agents/${agentId}/did.json`,
  `/api/v1/agents/${agentId}/did`,
  `/api/v1/agents/${agentId}/did/card`,
];

async function expectGone(slug: string, agentId: string) {
  for (const path of paths(slug, agentId)) {
    const { status, body, headers } = await call(path, { headers: { Origin: "https://app.example" } });
    expect([path, status, body.code]).toEqual([path, 410, "AGENT_DECOMMISSIONED"]);
    expect(headers.get("Cache-Control")).toBe("no-store");
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
  }
}

describe("410 AGENT_DECOMMISSIONED", () => {
  it("a decommissioned agent has no document and no card any more", async () => {
    const { token, slug } = await newOrganization();
    const { agentId } = await newAgent(token);
    expect((await call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" })).status).toBe(204);
    await expectGone(slug, agentId);
  });

  it("nor has an agent of a deleted organization", async () => {
    const { token, slug, organizationId } = await newOrganization();
    const { agentId } = await newAgent(token);
    const operator = await theOperator();
    const deleted = await call(`/api/v1/organizations/${organizationId}`, { token: operator.token, method: "DELETE" });
    expect(deleted.status, deleted.text).toBe(204);
    await expectGone(slug, agentId);
  });
});
