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
    const { agentId } = await newAgent(token, { isPublic: true });
    expect((await call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" })).status).toBe(204);
    await expectGone(slug, agentId);
  });

  it("nor has an agent of a deleted organization", async () => {
    const { token, slug, organizationId } = await newOrganization();
    const { agentId } = await newAgent(token, { isPublic: true });
    const operator = await theOperator();
    const deleted = await call(`/api/v1/organizations/${organizationId}`, { token: operator.token, method: "DELETE" });
    expect(deleted.status, deleted.text).toBe(204);
    await expectGone(slug, agentId);
  });

  it("the card of a private one is gone for its organization, and for others there never was one: 404, the same bytes", async () => {
    const [mine, theirs] = [await newOrganization(), await newOrganization()];
    const { agentId } = await newAgent(mine.token);
    const card = async (id: string, token?: string) => {
      const { status, body } = await call(`/api/v1/agents/${id}/did/card`, token === undefined ? {} : { token });
      const { requestId: _, ...problem } = body;
      return [status, problem];
    };
    expect((await call(`/api/v1/agents/${agentId}`, { token: mine.token, method: "DELETE" })).status).toBe(204);
    expect(await card(agentId, mine.token)).toMatchObject([410, { code: "AGENT_DECOMMISSIONED" }]);
    const unknown = await card(crypto.randomUUID());
    expect(unknown).toMatchObject([404, { code: "AGENT_NOT_FOUND" }]);
    expect(await card(agentId)).toEqual(unknown);
    expect(await card(agentId, theirs.token)).toEqual(unknown);
  });
});
