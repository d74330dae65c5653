/** `POST /agents/{agentId}/erase`: who may, when, and what it answers. That nothing is left is the subject of `test/identity/removal`. */
import { describe, expect, it } from "vitest";
import { call, newAdmin, newAgent, newOrganization, tokenFor } from "../../support/api.ts";

const erase = (token: string, agentId: string) => call(`/api/v1/agents/${agentId}/erase`, { method: "POST", token });

/** A decommissioned agent. */
async function newEnded(token: string, fields: Record<string, unknown> = {}) {
  const agent = await newAgent(token, fields);
  expect((await call(`/api/v1/agents/${agent.agentId}`, { method: "DELETE", token })).status).toBe(204);
  return agent;
}

describe("POST /agents/{agentId}/erase 200", () => {
  it("answers the agent as it is now, twice the same, with one event that names no value", async () => {
    const { token } = await newOrganization();
    const agent = await newEnded(token, { email: "first@example.com", owner: "First Owner", description: "Of First" });
    const answer = await erase(token, agent.agentId);
    expect(answer.status, answer.text).toBe(200);
    const { updatedAt, ...fields } = agent;
    expect(answer.body).toEqual({
      ...fields,
      email: `erased+${agent.agentId}@invalid`,
      owner: "erased",
      description: null,
      status: "decommissioned",
      updatedAt: expect.any(String),
    });
    expect(answer.body.updatedAt > updatedAt).toBe(true);
    const again = await erase(token, agent.agentId);
    expect([again.status, again.body]).toEqual([200, answer.body]);
    expect((await call(`/api/v1/agents/${agent.agentId}`, { token })).body).toEqual(answer.body);
    const { data } = (await call("/api/v1/audit?action=agent.erased", { token })).body;
    expect(data).toMatchObject([{ agentId: agent.agentId, target: agent.agentId, details: {}, outcome: "success" }]);
  });

  it("of several at once each gets the same answer, and there is one event", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newEnded(token);
    const answers = await Promise.all(Array.from({ length: 5 }, () => erase(token, agentId)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect((await call("/api/v1/audit?action=agent.erased", { token })).body.data).toHaveLength(1);
  });

  it("a new agent may have the e-mail, and no agent can have that of an erased one", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newEnded(token, { email: "again@example.com" });
    const json = { ...(await newAgent(token)), email: "again@example.com" };
    const { agentType, version, capabilities, owner, deploymentEnv } = json;
    const fields = { email: json.email, agentType, version, capabilities, owner, deploymentEnv };
    expect((await call("/api/v1/agents", { token, json: fields })).body.code).toBe("AGENT_ALREADY_EXISTS");
    await erase(token, agentId);
    expect((await call("/api/v1/agents", { token, json: fields })).status).toBe(201);
    const taken = { ...fields, email: `erased+${agentId}@invalid` };
    expect((await call("/api/v1/agents", { token, json: taken })).body.code).toBe("VALIDATION_ERROR");
  });
});

describe("POST /agents/{agentId}/erase refused", () => {
  it("412 with the tag of an earlier state, 400 with a malformed one, and nothing is erased", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token, { owner: "Kept Owner" });
    const path = `/api/v1/agents/${agentId}`;
    const tagNow = async () => (await call(path, { token })).headers.get("ETag")!;
    const before = await tagNow();
    expect((await call(path, { method: "DELETE", token })).status).toBe(204);
    const tag = await tagNow();
    const sendWith = (headers: Record<string, string>) => call(`${path}/erase`, { method: "POST", token, headers });
    expect((await sendWith({ "If-Match": before })).body.code).toBe("PRECONDITION_FAILED");
    expect((await sendWith({ "If-None-Match": tag })).status).toBe(412);
    expect((await sendWith({ "If-Match": tag.slice(1) })).status).toBe(400);
    expect((await call(path, { token })).body.owner).toBe("Kept Owner");
    const erased = await sendWith({ "If-Match": tag });
    expect([erased.status, erased.body.owner]).toEqual([200, "erased"]);
    expect((await sendWith({ "If-Match": tag })).status).toBe(412);
  });

  it.each(["active", "suspended"])("409 for an agent that is %s, which stays as it is", async (status) => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const path = `/api/v1/agents/${agentId}`;
    if (status === "suspended") await call(path, { method: "PATCH", token, json: { status } });
    const before = (await call(path, { token })).body;
    const answer = await erase(token, agentId);
    expect([answer.status, answer.body.code]).toEqual([409, "AGENT_NOT_DECOMMISSIONED"]);
    expect((await call(path, { token })).body).toEqual(before);
  });

  it("404 for an agent of another organization, with the answer for one that never was", async () => {
    const [mine, other] = [await newOrganization(), await newOrganization()];
    const { agentId } = await newEnded(other.token);
    const answers = await Promise.all([agentId, crypto.randomUUID()].map((id) => erase(mine.token, id)));
    const [foreign, unknown] = answers.map(({ status, body: { requestId: _, ...body } }) => ({ status, body }));
    expect(foreign).toMatchObject({ status: 404, body: { code: "AGENT_NOT_FOUND" } });
    expect(foreign).toEqual(unknown);
  });

  it("403 without admin:orgs, also for an admin; with it also for an agent that was an admin", async () => {
    const organization = await newOrganization();
    const { token } = organization;
    const former = await newAdmin(organization);
    const second = await newAdmin(organization);
    await call(`/api/v1/agents/${former.agentId}`, { method: "DELETE", token });
    const narrow = await tokenFor(second, { scope: "agents:read agents:write" });
    const refused = await erase(narrow, former.agentId);
    expect([refused.status, refused.body.details.requiredScope]).toEqual([403, "admin:orgs"]);
    expect((await erase(token, former.agentId)).status).toBe(200);
  });
});
