import { beforeAll, describe, expect, it } from "vitest";
import { type Body, call, newAgent, newOrganization } from "../../support/api.ts";

const ids = (page: Body) => page.data.map((agent: Body) => agent.agentId);

describe("GET /agents pages", () => {
  it("newest first, every agent once, stable while agents are added", async () => {
    const { token, agentId: adminId } = await newOrganization();
    const made: string[] = [adminId];
    for (let agents = 0; agents < 6; agents++) made.unshift((await newAgent(token)).agentId);
    const first = (await call("/api/v1/agents?limit=3", { token })).body;
    expect(ids(first)).toEqual(made.slice(0, 3));
    await newAgent(token);
    const second = (await call(`/api/v1/agents?limit=3&cursor=${first.nextCursor}`, { token })).body;
    expect(ids(second)).toEqual(made.slice(3, 6));
    const third = (await call(`/api/v1/agents?limit=3&cursor=${second.nextCursor}`, { token })).body;
    expect(ids(third)).toEqual(made.slice(6));
    expect(third.nextCursor).toBeNull();
  });

  it("a last page that is full has no cursor", async () => {
    const { token } = await newOrganization();
    await newAgent(token);
    const { body } = await call("/api/v1/agents?limit=2", { token });
    expect(ids(body)).toHaveLength(2);
    expect(body.nextCursor).toBeNull();
  });

  it("holds nothing of another organization", async () => {
    const [mine, theirs] = [await newOrganization(), await newOrganization()];
    await newAgent(theirs.token);
    expect(ids((await call("/api/v1/agents", { token: mine.token })).body)).toEqual([mine.agentId]);
  });

  it("400 for a cursor of another organization, a forged one, and a limit out of range", async () => {
    const [mine, theirs] = [await newOrganization(), await newOrganization()];
    await newAgent(theirs.token);
    const { nextCursor } = (await call("/api/v1/agents?limit=1", { token: theirs.token })).body;
    for (const query of [
      `cursor=${nextCursor}`,
      "cursor=x",
      "cursor=",
      "limit=0",
      "limit=101",
      "limit=1e1",
      "limit=1&limit=2",
    ]) {
      const answer = await call(`/api/v1/agents?${query}`, { token: mine.token });
      expect([query, answer.status, answer.body.code]).toEqual([query, 400, "VALIDATION_ERROR"]);
    }
  });
});

describe("GET /agents filters", () => {
  let token: string;
  const agents: Record<string, string> = {};

  beforeAll(async () => {
    ({ token } = await newOrganization());
    const add = async (name: string, fields: Record<string, unknown>) => {
      agents[name] = (await newAgent(token, fields)).agentId;
    };
    await add("a", { owner: "team-a", agentType: "router", capabilities: ["resume:read", "mail:send"] });
    await add("b", { owner: "team-b", deploymentEnv: "staging", capabilities: ["resume:*"] });
    await add("c", {
      owner: "team-a",
      agentType: "router",
      deploymentEnv: "staging",
      capabilities: ["resume:reading"],
    });
    await add("off", { owner: "team-c" });
    await add("gone", { owner: "team-c" });
    await call(`/api/v1/agents/${agents.off}`, { token, method: "PATCH", json: { status: "suspended" } });
    await call(`/api/v1/agents/${agents.gone}`, { token, method: "DELETE" });
  });

  it.each([
    ["owner=team-a", ["c", "a"]],
    ["owner=team", []],
    ["owner=team-a%25", []],
    ["agentType=router", ["c", "a"]],
    ["deploymentEnv=staging", ["c", "b"]],
    ["agentType=router&deploymentEnv=staging", ["c"]],
    ["status=suspended", ["off"]],
    ["status=decommissioned", ["gone"]],
    ["capability=mail:send", ["a"]],
    ["capability=resume:*", ["b"]],
    ["capability=resume:read&status=active", ["a"]],
    ["capability=resume:write", []],
    ["owner=%27%20OR%201=1%20--", []],
    ["capability=%22%5D%27%20OR%201=1%20--", []],
    ["owner=team-c&status=active", []],
  ])("%s", async (query, names) => {
    const answer = await call(`/api/v1/agents?${query}`, { token });
    expect(answer.status, answer.text).toBe(200);
    expect(ids(answer.body)).toEqual(names.map((name) => agents[name]));
  });

  it("a filter holds across pages", async () => {
    const first = (await call("/api/v1/agents?owner=team-a&limit=1", { token })).body;
    const second = (await call(`/api/v1/agents?owner=team-a&limit=1&cursor=${first.nextCursor}`, { token })).body;
    expect([...ids(first), ...ids(second)]).toEqual([agents.c, agents.a]);
    expect(second.nextCursor).toBeNull();
  });

  it.each(["agentType=robot", "deploymentEnv=moon", "status=asleep"])("400 for %s", async (query) => {
    const answer = await call(`/api/v1/agents?${query}`, { token });
    expect(answer.status).toBe(400);
    expect(answer.body.details.issues[0].path).toBe(query.split("=")[0]);
  });
});
