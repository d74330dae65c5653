import { describe, expect, it } from "vitest";
import { agentFields, call, newAgent, newOrganization, theOperator } from "../../support/api.ts";

describe("POST /agents 409 and 404", () => {
  it("an e-mail that is taken, also in another case", async () => {
    const { token } = await newOrganization();
    const { email } = await newAgent(token);
    for (const taken of [email, email.toUpperCase()]) {
      const answer = await call("/api/v1/agents", { token, json: agentFields({ email: taken }) });
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        code: "AGENT_ALREADY_EXISTS",
        message: "Another agent of the organization has this e-mail.",
      });
    }
  });

  it("the e-mail of a decommissioned agent stays taken", async () => {
    const { token } = await newOrganization();
    const { agentId, email } = await newAgent(token);
    expect((await call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" })).status).toBe(204);
    const answer = await call("/api/v1/agents", { token, json: agentFields({ email }) });
    expect(answer.status).toBe(409);
    expect(answer.body.code).toBe("AGENT_ALREADY_EXISTS");
  });

  it("a refused registration leaves nothing behind: no agent, no event", async () => {
    const { token } = await newOrganization();
    const { agentId, email } = await newAgent(token);
    await call("/api/v1/agents", { token, json: agentFields({ email }) });
    const agents = await call("/api/v1/agents?owner=talent-team", { token });
    expect(agents.body.data.map((agent: { agentId: string }) => agent.agentId)).toEqual([agentId]);
    const events = await call("/api/v1/audit?action=agent.created", { token });
    expect(events.body.data).toHaveLength(2);
  });

  it("an organization that does not exist, or no longer: 404 for the operator", async () => {
    const { token } = await theOperator();
    const { organizationId } = await newOrganization();
    expect((await call(`/api/v1/organizations/${organizationId}`, { token, method: "DELETE" })).status).toBe(204);
    for (const organization_id of [organizationId, crypto.randomUUID()]) {
      const answer = await call("/api/v1/agents", { token, json: agentFields({ organization_id }) });
      expect(answer.status).toBe(404);
      expect(answer.body.code).toBe("ORGANIZATION_NOT_FOUND");
    }
  });
});
