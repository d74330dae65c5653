import { describe, expect, it } from "vitest";
import { call, newAgent, newClient, newOrganization, tokenFor } from "../../support/api.ts";

describe("GET /agents/{agentId}", () => {
  it("200 with what registration answered", async () => {
    const { token } = await newOrganization();
    const agent = await newAgent(token);
    const answer = await call(`/api/v1/agents/${agent.agentId}`, { token });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(agent);
  });

  it("200 for a member with agents:read, and for an id in upper case", async () => {
    const { token } = await newOrganization();
    const reader = await tokenFor(await newClient(token));
    const agent = await newAgent(token);
    const answer = await call(`/api/v1/agents/${agent.agentId.toUpperCase()}`, { token: reader });
    expect(answer.body).toEqual(agent);
  });

  it("200 for a decommissioned agent: the record is kept", async () => {
    const { token } = await newOrganization();
    const agent = await newAgent(token);
    await call(`/api/v1/agents/${agent.agentId}`, { token, method: "DELETE" });
    const answer = await call(`/api/v1/agents/${agent.agentId}`, { token });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ ...agent, status: "decommissioned", updatedAt: expect.any(String) });
  });

  it("400 for an id that is no UUID", async () => {
    const { token } = await newOrganization();
    const answer = await call("/api/v1/agents/1%20OR%201=1", { token });
    expect(answer.status).toBe(400);
    expect(answer.body.details.issues).toEqual([{ path: "agentId", message: "must be a UUID", received: "1 OR 1=1" }]);
  });

  it("401 without a token", async () => {
    const answer = await call(`/api/v1/agents/${crypto.randomUUID()}`);
    expect(answer.status).toBe(401);
    expect(answer.body.code).toBe("UNAUTHORIZED");
  });

  it("403 without agents:read", async () => {
    const { token } = await newOrganization();
    const narrow = await tokenFor(await newClient(token), { scope: "delegations:write" });
    const answer = await call(`/api/v1/agents/${crypto.randomUUID()}`, { token: narrow });
    expect(answer.status).toBe(403);
    expect(answer.body.details).toEqual({ requiredScope: "agents:read" });
  });
});

describe("another organization's agent", () => {
  it("is answered, by every method, exactly as an id that never was", async () => {
    const [mine, theirs] = [await newOrganization(), await newOrganization()];
    const { agentId } = await newAgent(theirs.token);
    const requests = [
      { method: "GET" },
      { method: "PATCH", json: { owner: "me" } },
      { method: "PATCH", json: { status: "suspended" } },
      { method: "DELETE" },
    ];
    for (const request of requests) {
      const answers = [];
      for (const id of [agentId, theirs.agentId, crypto.randomUUID()]) {
        const { status, body } = await call(`/api/v1/agents/${id}`, { token: mine.token, ...request });
        answers.push({ status, body: { ...body, requestId: "" } });
      }
      expect(answers).toEqual(
        Array(3).fill({
          status: 404,
          body: {
            code: "AGENT_NOT_FOUND",
            message: "No agent has this id in your organization.",
            hint: "Check the id.",
            docs: "http://localhost:8787/errors#AGENT_NOT_FOUND",
            requestId: "",
          },
        }),
      );
    }
    expect((await call(`/api/v1/agents/${agentId}`, { token: theirs.token })).body.status).toBe("active");
  });
});
