import { describe, expect, it } from "vitest";
import { call, newAgent, newClient, newCredential, newOrganization, tokenFor } from "../../support/api.ts";

const decommission = (token: string, agentId: string) => call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" });

describe("DELETE /agents/{agentId} 204", () => {
  it("kills the agent's tokens and sign-ins at once, revokes its credentials, and says so in one event", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    const second = await newCredential(token, client.agentId);
    const third = await newCredential(token, client.agentId);
    await call(`/api/v1/agents/${client.agentId}/credentials/${second.credentialId}`, { token, method: "DELETE" });
    const own = await tokenFor(client);

    const answer = await decommission(token, client.agentId);
    expect([answer.status, answer.text]).toEqual([204, ""]);

    expect((await call("/api/v1/agents", { token: own })).status).toBe(401);
    const refused = await call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials" } });
    expect([refused.status, refused.body.error]).toEqual([401, "invalid_client"]);
    const { data } = (await call(`/api/v1/agents/${client.agentId}/credentials`, { token })).body;
    expect(data.map((credential: { status: string }) => credential.status)).toEqual(["revoked", "revoked", "revoked"]);
    const events = await call(`/api/v1/audit?action=agent.decommissioned&agentId=${client.agentId}`, { token });
    expect(events.body.data).toHaveLength(1);
    expect(events.body.data[0].details).toEqual({
      revokedCredentials: [client.credentialId, third.credentialId].sort(),
    });
  });

  it("an agent without credentials, and a suspended one", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    await call(`/api/v1/agents/${agentId}`, { token, method: "PATCH", json: { status: "suspended" } });
    expect((await decommission(token, agentId)).status).toBe(204);
    expect((await call(`/api/v1/agents/${agentId}`, { token })).body.status).toBe("decommissioned");
  });
});

describe("DELETE /agents/{agentId} refused", () => {
  it("409 the second time, with one event in all", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    await decommission(token, agentId);
    const answer = await decommission(token, agentId);
    expect(answer.status).toBe(409);
    expect(answer.body.code).toBe("AGENT_ALREADY_DECOMMISSIONED");
    expect((await call("/api/v1/audit?action=agent.decommissioned", { token })).body.data).toHaveLength(1);
  });

  it("403 for the last active admin, which goes on working", async () => {
    const { token, agentId } = await newOrganization();
    const answer = await decommission(token, agentId);
    expect(answer.status).toBe(403);
    expect(answer.body.message).toBe(
      "This is the last admin of the organization that can act and sign in: give another agent the role admin, admin:orgs, agents:write and a credential first.",
    );
    expect((await call("/api/v1/agents", { token })).status).toBe(200);
  });

  it("403 for an admin when the caller is none, 403 without agents:write", async () => {
    const { token, agentId } = await newOrganization();
    const writer = await tokenFor(await newClient(token, { grantedScopes: ["agents:write"] }));
    const reader = await tokenFor(await newClient(token));
    expect((await decommission(writer, agentId)).body.message).toBe(
      "Only an admin of the organization may change an admin.",
    );
    expect((await decommission(reader, agentId)).body.details).toEqual({ requiredScope: "agents:write" });
  });
});
