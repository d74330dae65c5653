import { describe, expect, it } from "vitest";
import {
  agentFields,
  call,
  newAgent,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../../support/api.ts";

/** A token of a member that may register agents. */
async function memberToken({ token }: Organization, fields: Record<string, unknown> = {}) {
  return tokenFor(await newClient(token, { grantedScopes: ["agents:read", "agents:write"], ...fields }));
}

describe("POST /agents 403", () => {
  it("a token without agents:write", async () => {
    const { token } = await newOrganization();
    const reader = await tokenFor(await newClient(token));
    const answer = await call("/api/v1/agents", { token: reader, json: agentFields() });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      code: "FORBIDDEN",
      error: "insufficient_scope",
      details: { requiredScope: "agents:write" },
    });
    expect(answer.headers.get("WWW-Authenticate")).toContain('error="insufficient_scope"');
  });

  it.each([
    ["a capability", { capabilities: ["resume:read", "salary:read"] }, ["salary:read"]],
    ["a wildcard", { capabilities: ["resume:*"] }, ["resume:*"]],
    ["a platform scope", { grantedScopes: ["agents:read", "admin:orgs"] }, ["admin:orgs"]],
    ["both", { capabilities: ["salary:read"], grantedScopes: ["audit:read"] }, ["salary:read", "audit:read"]],
  ])("a member registers an agent wider than its own token by %s", async (_, fields, notGrantable) => {
    const token = await memberToken(await newOrganization());
    const answer = await call("/api/v1/agents", { token, json: agentFields(fields) });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: "FORBIDDEN", details: { notGrantable } });
  });

  it("a member whose token was narrowed grants the platform scopes that the token carries, not what the agent could have", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token, {
      grantedScopes: ["agents:write", "audit:read"],
      capabilities: ["resume:read", "resume:write"],
    });
    const narrow = await tokenFor(client, { scope: "agents:write" });
    const answer = await call("/api/v1/agents", {
      token: narrow,
      json: agentFields({ grantedScopes: ["audit:read"] }),
    });
    expect(answer.status).toBe(403);
    expect(answer.body.details).toEqual({ notGrantable: ["audit:read"] });
  });

  it("a member's agent gets, by default, the default scopes that the member's token carries", async () => {
    const token = await memberToken(await newOrganization());
    expect(await newAgent(token)).toMatchObject({ grantedScopes: ["agents:read", "delegations:write"] });
  });

  it("an agent that was removed from the members registers nobody", async () => {
    const organization = await newOrganization();
    const client = await newClient(organization.token, { grantedScopes: ["agents:write"] });
    const removed = await call(`/api/v1/organizations/${organization.organizationId}/members/${client.agentId}`, {
      token: organization.token,
      method: "DELETE",
    });
    expect(removed.status, removed.text).toBe(204);
    const token = await tokenFor(client);
    const answer = await call("/api/v1/agents", { token, json: agentFields({ grantedScopes: [] }) });
    expect(answer.status).toBe(403);
    expect(answer.body.details).toEqual({ notGrantable: ["resume:read"] });
  });

  it("another organization in the body is refused the same way, whether it exists or not", async () => {
    const { token } = await newOrganization();
    const other = await newOrganization();
    const answers = [];
    for (const organization_id of [other.organizationId, crypto.randomUUID()]) {
      answers.push(await call("/api/v1/agents", { token, json: agentFields({ organization_id }) }));
    }
    for (const { status, body } of answers) {
      const { requestId: _, ...rest } = body;
      expect(status).toBe(403);
      expect(rest).toEqual({
        code: "FORBIDDEN",
        message: "Only an admin of the operator's organization may register agents in another one.",
        hint: expect.any(String),
        docs: "http://localhost:8787/errors#FORBIDDEN",
      });
    }
  });

  it("a member of the operator's organization is no admin of it", async () => {
    const tenant = await newOrganization();
    const token = await memberToken(await theOperator());
    const answer = await call("/api/v1/agents", {
      token,
      json: agentFields({ organization_id: tenant.organizationId }),
    });
    expect(answer.status).toBe(403);
    expect(answer.body.code).toBe("FORBIDDEN");
  });

  it("a suspended organization gets no agents from the operator either", async () => {
    const { token } = await theOperator();
    const { organizationId } = await newOrganization();
    const path = `/api/v1/organizations/${organizationId}`;
    expect((await call(path, { token, method: "PATCH", json: { status: "suspended" } })).status).toBe(200);
    const answer = await call("/api/v1/agents", { token, json: agentFields({ organization_id: organizationId }) });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: "FORBIDDEN", message: "The organization is suspended." });
  });

  it("over the tier's limit of agents", async () => {
    const { token } = await newOrganization({ planTier: "free" });
    for (let agents = 1; agents < 10; agents++) await newAgent(token);
    const answer = await call("/api/v1/agents", { token, json: agentFields() });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      code: "FREE_TIER_LIMIT_EXCEEDED",
      message: "The organization may have 10 agents and has 10.",
      details: { limit: "maxAgents", max: 10, current: 10, upgradeUrl: "http://localhost:8787/api/v1/tiers/upgrade" },
    });
  });

  it("the organization's own limit takes the place of the tier's; suspended agents count, decommissioned ones do not", async () => {
    const { token } = await newOrganization({ maxAgents: 2 });
    const { agentId } = await newAgent(token);
    const path = `/api/v1/agents/${agentId}`;
    expect((await call("/api/v1/agents", { token, json: agentFields() })).body.details).toMatchObject({
      max: 2,
      current: 2,
    });
    expect((await call(path, { token, method: "PATCH", json: { status: "suspended" } })).status).toBe(200);
    expect((await call("/api/v1/agents", { token, json: agentFields() })).status).toBe(403);
    expect((await call(path, { token, method: "DELETE" })).status).toBe(204);
    expect((await call("/api/v1/agents", { token, json: agentFields() })).status).toBe(201);
  });

  it("a looser limit than the tier's, and a tier without one", async () => {
    for (const fields of [{ maxAgents: 12 }, { planTier: "enterprise" }]) {
      const { token } = await newOrganization(fields);
      for (let agents = 1; agents < 12; agents++) await newAgent(token);
    }
  });
});
