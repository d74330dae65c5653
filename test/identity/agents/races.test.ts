import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { type Answer, agentFields, call, newAgent, newClient, newOrganization, tokenFor } from "../../support/api.ts";

const { DB } = env as unknown as { DB: D1Database };

const register = (token: string, fields: Record<string, unknown> = {}) =>
  call("/api/v1/agents", { token, json: agentFields(fields) });
const patch = (token: string, agentId: string, json: unknown) =>
  call(`/api/v1/agents/${agentId}`, { token, method: "PATCH", json });
const outcomes = (answers: Answer[]) => answers.map(({ status, body }) => body?.code ?? status).sort();

describe("requests that race", () => {
  it("for the last free places: exactly as many win as there are", async () => {
    const { token } = await newOrganization({ maxAgents: 4 });
    const answers = await Promise.all(Array.from({ length: 12 }, () => register(token)));
    expect(outcomes(answers)).toEqual([201, 201, 201, ...Array(9).fill("FREE_TIER_LIMIT_EXCEEDED")]);
    expect((await call("/api/v1/agents", { token })).body.data).toHaveLength(4);
    expect((await call("/api/v1/audit?action=agent.created", { token })).body.data).toHaveLength(4);
  });

  it("for one e-mail: exactly one wins", async () => {
    const { token } = await newOrganization();
    const answers = await Promise.all(
      ["a@example.com", "A@example.com", "a@EXAMPLE.com", "a@example.com"].map((email) => register(token, { email })),
    );
    expect(outcomes(answers)).toEqual([201, ...Array(3).fill("AGENT_ALREADY_EXISTS")]);
  });

  it("for one e-mail by PATCH: exactly one wins", async () => {
    const { token } = await newOrganization();
    const agents = [await newAgent(token), await newAgent(token), await newAgent(token)];
    const answers = await Promise.all(agents.map(({ agentId }) => patch(token, agentId, { email: "one@example.com" })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  it("with different fields of one agent: all survive", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const changes = [
      { owner: "new-owner" },
      { version: "2.0.0" },
      { description: "new" },
      { isPublic: true },
      { deploymentEnv: "staging" },
      { capabilities: ["mail:send"] },
      { email: "new@example.com" },
      { grantedScopes: ["audit:read"] },
    ];
    const answers = await Promise.all(changes.map((change) => patch(token, agentId, change)));
    expect(answers.map(({ status }) => status)).toEqual(changes.map(() => 200));
    expect((await call(`/api/v1/agents/${agentId}`, { token })).body).toMatchObject(Object.assign({}, ...changes));
    expect((await call("/api/v1/audit?action=agent.updated", { token })).body.data).toHaveLength(changes.length);
  });

  it("to put different keys into one agent: all are answered, and one of them is the present one", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const keys = await Promise.all(Array.from({ length: 3 }, async () => (await newAgent(token)).publicKeyJwk));
    const answers = await Promise.all(keys.map((publicKeyJwk) => patch(token, agentId, { publicKeyJwk })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(keys).toContainEqual((await call(`/api/v1/agents/${agentId}`, { token })).body.publicKeyJwk);
  });

  it("to decommission one agent: one wins, one event", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newClient(token);
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" })),
    );
    expect(outcomes(answers)).toEqual([204, ...Array(3).fill("AGENT_ALREADY_DECOMMISSIONED")]);
    expect((await call("/api/v1/audit?action=agent.decommissioned", { token })).body.data).toHaveLength(1);
  });

  it("to decommission an agent and to give it credentials: no credential survives it", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const path = `/api/v1/agents/${agentId}`;
    const [decommissioned, ...created] = await Promise.all([
      call(path, { token, method: "DELETE" }),
      ...Array.from({ length: 4 }, () => call(`${path}/credentials`, { token, json: {} })),
    ]);
    expect(decommissioned.status).toBe(204);
    for (const { status } of created) expect([201, 409]).toContain(status);
    const { data } = (await call(`${path}/credentials`, { token })).body;
    expect(data.map((credential: { status: string }) => credential.status)).toEqual(data.map(() => "revoked"));
    const [event] = (await call("/api/v1/audit?action=agent.decommissioned", { token })).body.data;
    expect(event.details.revokedCredentials).toHaveLength(data.length);
  });

  it("two admins who end each other: one stays", async () => {
    for (const end of [
      (token: string, agentId: string) => patch(token, agentId, { status: "suspended" }),
      (token: string, agentId: string) => call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" }),
    ]) {
      const { token, agentId, organizationId } = await newOrganization();
      const second = await newClient(token, { grantedScopes: ["agents:read", "agents:write"] });
      const members = `/api/v1/organizations/${organizationId}/members`;
      expect((await call(members, { token, json: { agentId: second.agentId, role: "admin" } })).status).toBeLessThan(
        300,
      );
      const secondToken = await tokenFor(second);
      await Promise.all([end(token, second.agentId), end(secondToken, agentId)]);
      const { results } = await DB.prepare(
        "SELECT id FROM agents WHERE organization_id = ? AND role = 'admin' AND status = 'active'",
      )
        .bind(organizationId)
        .all();
      expect(results).toHaveLength(1);
    }
  });

  it("a scope that is taken away while a member writes the list anew does not come back", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token, {
      grantedScopes: ["agents:write", "agents:read"],
      capabilities: ["a:a", "b:b"],
    });
    const member = await tokenFor(client);
    const { agentId } = await newAgent(token, { capabilities: ["a:a", "z:z"] });
    const [taken, written] = await Promise.all([
      patch(token, agentId, { capabilities: ["a:a"] }),
      patch(member, agentId, { capabilities: ["a:a", "z:z", "b:b"] }),
    ]);
    expect(taken.status).toBe(200);
    expect([200, 403]).toContain(written.status);
    const { capabilities } = (await call(`/api/v1/agents/${agentId}`, { token })).body;
    // Either the member came first and the admin's list stands, or the member came second and was refused.
    expect(capabilities).toEqual(["a:a"]);
  });
});
