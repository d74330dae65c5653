import { exportJWK, generateKeyPair } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  call,
  newAdmin,
  newAgent,
  newClient,
  newOrganization,
  type Organization,
  tokenFor,
} from "../../support/api.ts";

const patch = (token: string, agentId: string, json: unknown) =>
  call(`/api/v1/agents/${agentId}`, { token, method: "PATCH", json });

let organization: Organization;
beforeAll(async () => {
  organization = await newOrganization({ planTier: "pro" });
});

/** A member with agents:write whose token carries nothing but that, agents:read and resume:read. */
const newMember = (fields: Record<string, unknown> = {}) =>
  newClient(organization.token, { grantedScopes: ["agents:read", "agents:write"], ...fields });

const promote = async (agentId: string) => {
  const { organizationId, token } = organization;
  const answer = await call(`/api/v1/organizations/${organizationId}/members`, {
    token,
    json: { agentId, role: "admin" },
  });
  expect(answer.text).toContain("admin");
};

describe("PATCH /agents/{agentId} 400", () => {
  it.each([
    ["no field", {}, "", "must name at least one field"],
    ["an agentType: it never changes", { agentType: "router" }, "agentType", "is not a known field"],
    ["an organization", { organization_id: crypto.randomUUID() }, "organization_id", "is not a known field"],
    ["a role", { role: "admin" }, "role", "is not a known field"],
    [
      "decommissioned: that is what DELETE is for",
      { status: "decommissioned" },
      "status",
      "must be active or suspended",
    ],
    ["an owner of null", { owner: null }, "owner", "must be a text"],
    ["no capability", { capabilities: [] }, "capabilities", "must name at least one capability"],
    ["openid as a granted scope", { grantedScopes: ["openid"] }, "grantedScopes.0", /^must be one of agents:read, /],
    ["a key that is no key", { publicKeyJwk: "key" }, "publicKeyJwk", "must be a JWK: an object with kty"],
    ["a symmetric key", { publicKeyJwk: { kty: "oct", k: "AAAA" } }, "publicKeyJwk", /^holds private members \(k\)/],
  ])("%s", async (_, json, path, message) => {
    const { agentId } = await newAgent(organization.token);
    const answer = await patch(organization.token, agentId, json);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body.code).toBe("VALIDATION_ERROR");
    const [issue] = answer.body.details.issues;
    expect(issue.path).toBe(path);
    expect(issue.message).toEqual(typeof message === "string" ? message : expect.stringMatching(message));
  });
});

describe("PATCH /agents/{agentId} 403: no way to more than one has", () => {
  it.each([
    ["a platform scope", { grantedScopes: ["agents:read", "agents:write", "admin:orgs"] }, ["admin:orgs"]],
    ["a capability", { capabilities: ["resume:read", "salary:read"] }, ["salary:read"]],
  ])("granting oneself %s", async (_, json, notGrantable) => {
    const client = await newMember();
    const token = await tokenFor(client);
    const answer = await patch(token, client.agentId, json);
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: "FORBIDDEN", details: { notGrantable } });
    expect((await patch(token, client.agentId, { owner: "still-me" })).status).toBe(200);
  });

  it("granting another agent what one's own token does not carry", async () => {
    const token = await tokenFor(await newMember());
    const { agentId } = await newAgent(organization.token, { grantedScopes: ["agents:read"] });
    const answer = await patch(token, agentId, { grantedScopes: ["agents:read", "webhooks:write"] });
    expect(answer.status).toBe(403);
    expect(answer.body.details).toEqual({ notGrantable: ["webhooks:write"] });
  });

  it("putting one's own key, or life, into an agent that holds more", async () => {
    const token = await tokenFor(await newMember());
    const { agentId } = await newAgent(organization.token, { capabilities: ["salary:read"], grantedScopes: [] });
    const publicKeyJwk = await exportJWK((await generateKeyPair("ES256")).publicKey);
    expect((await patch(token, agentId, { publicKeyJwk })).body.details).toEqual({ notGrantable: ["salary:read"] });
    const made = await patch(token, agentId, { publicKeyJwk: null });
    expect([made.status, made.body.details]).toEqual([403, { notGrantable: ["salary:read"] }]);
    expect((await patch(token, agentId, { status: "suspended" })).status).toBe(200);
    const reactivated = await patch(token, agentId, { status: "active" });
    expect(reactivated.status).toBe(403);
    expect(reactivated.body.details).toEqual({ notGrantable: ["salary:read"] });
  });

  it("a member putting its own key into an agent within its own token is in order", async () => {
    const token = await tokenFor(await newMember());
    const { agentId } = await newAgent(organization.token, { grantedScopes: ["agents:read"] });
    const publicKeyJwk = await exportJWK((await generateKeyPair("ES256")).publicKey);
    expect((await patch(token, agentId, { publicKeyJwk })).status).toBe(200);
  });

  it.each([
    ["a field", { owner: "me" }],
    ["the status", { status: "suspended" }],
    ["nothing in effect", { deploymentEnv: "production" }],
  ])("a member changing %s of an admin", async (_, json) => {
    const token = await tokenFor(await newMember());
    const { agentId } = await newAgent(organization.token, { grantedScopes: [] });
    await promote(agentId);
    const answer = await patch(token, agentId, json);
    expect(answer.status).toBe(403);
    expect(answer.body.message).toBe("Only an admin of the organization may change an admin.");
  });

  it("suspending the last active admin", async () => {
    const { token, agentId } = await newOrganization();
    const answer = await patch(token, agentId, { status: "suspended" });
    expect(answer.status).toBe(403);
    expect(answer.body.message).toBe(
      "This is the last admin of the organization that can act and sign in: give another agent the role admin, admin:orgs, agents:write and a credential first.",
    );
    expect((await call("/api/v1/agents", { token })).status).toBe(200);
  });

  it("an admin that is not the last can be suspended; then the other is the last", async () => {
    const organization = await newOrganization();
    const { token, agentId } = organization;
    const second = await newAdmin(organization);
    expect((await patch(token, second.agentId, { status: "suspended" })).status).toBe(200);
    expect((await patch(token, agentId, { status: "suspended" })).status).toBe(403);
  });
});

describe("PATCH /agents/{agentId} 409", () => {
  it("an e-mail that is taken, also by a decommissioned agent; nothing else of the request is done", async () => {
    const { token } = organization;
    const [one, gone, agent] = [await newAgent(token), await newAgent(token), await newAgent(token)];
    await call(`/api/v1/agents/${gone.agentId}`, { token, method: "DELETE" });
    for (const email of [one.email, gone.email.toUpperCase()]) {
      const answer = await patch(token, agent.agentId, { email, owner: "changed" });
      expect(answer.status).toBe(409);
      expect(answer.body.code).toBe("AGENT_ALREADY_EXISTS");
    }
    expect((await call(`/api/v1/agents/${agent.agentId}`, { token })).body).toEqual(agent);
  });

  it.each([
    ["a field", { owner: "me" }],
    ["reactivation", { status: "active" }],
  ])("%s of a decommissioned agent", async (_, json) => {
    const { token } = organization;
    const { agentId } = await newAgent(token);
    await call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" });
    const answer = await patch(token, agentId, json);
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      code: "AGENT_ALREADY_DECOMMISSIONED",
      message: "The agent is decommissioned, which is final.",
    });
  });
});
