import { afterEach, describe, expect, it, vi } from "vitest";
import { call, newAgent, newClient, newCredential, newOrganization, tokenFor } from "../../support/api.ts";

const create = (token: string, agentId: string, json: unknown = {}) =>
  call(`/api/v1/agents/${agentId}/credentials`, { token, json });

afterEach(() => {
  vi.useRealTimers();
});

describe("POST /agents/{agentId}/credentials 400", () => {
  it.each([
    ["in the past", "2020-01-01T00:00:00Z", "must be in the future"],
    [
      "without an offset",
      "2099-01-01T00:00:00",
      "must be an ISO 8601 time with its offset, such as 2027-01-31T12:00:00Z",
    ],
    ["a date", "2099-01-01", "must be an ISO 8601 time with its offset, such as 2027-01-31T12:00:00Z"],
    [
      "on a day that does not exist",
      "2099-02-30T00:00:00Z",
      "must be an ISO 8601 time with its offset, such as 2027-01-31T12:00:00Z",
    ],
    ["a number", 4_070_908_800, "must be an ISO 8601 time with its offset, such as 2027-01-31T12:00:00Z"],
    ["null", null, "must be an ISO 8601 time with its offset, such as 2027-01-31T12:00:00Z"],
  ])("an expiry %s", async (_, expiresAt, message) => {
    const { token, agentId } = await newOrganization();
    const answer = await create(token, agentId, { expiresAt });
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body.details.issues).toMatchObject([{ path: "expiresAt", message }]);
  });

  it("an unknown field", async () => {
    const { token, agentId } = await newOrganization();
    const answer = await create(token, agentId, { clientSecret: "mine" });
    expect(answer.status).toBe(400);
    expect(answer.body.details.issues).toEqual([{ path: "clientSecret", message: "is not a known field" }]);
  });
});

describe("POST /agents/{agentId}/credentials 403", () => {
  it("without agents:write", async () => {
    const { token, agentId } = await newOrganization();
    const reader = await tokenFor(await newClient(token));
    expect((await create(reader, agentId)).body.details).toEqual({ requiredScope: "agents:write" });
  });

  it("for an agent that holds more than the caller's token, or is an admin", async () => {
    const { token, agentId: adminId } = await newOrganization();
    const client = await newClient(token, { grantedScopes: ["agents:read", "agents:write"] });
    const member = await tokenFor(client);
    const wide = await newAgent(token, { capabilities: ["resume:read", "salary:read"], grantedScopes: ["audit:read"] });
    const narrow = await newAgent(token, { grantedScopes: ["agents:read"] });
    expect((await create(member, wide.agentId)).body).toMatchObject({
      code: "FORBIDDEN",
      details: { notGrantable: ["salary:read", "audit:read"] },
    });
    expect((await create(member, adminId)).body.message).toBe("Only an admin of the organization may change an admin.");
    expect((await create(member, narrow.agentId)).status).toBe(201);
    expect((await create(member, client.agentId)).status).toBe(201);
  });

  it("for oneself, with a token that was narrowed", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token, { grantedScopes: ["agents:read", "agents:write"] });
    const narrow = await tokenFor(client, { scope: "agents:write" });
    const answer = await create(narrow, client.agentId);
    expect(answer.status).toBe(403);
    expect(answer.body.details).toEqual({ notGrantable: ["agents:read"] });
  });

  it("the eleventh active one; revoked and expired ones do not count", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const soon = new Date(Date.now() + 60_000).toISOString();
    await newCredential(token, agentId, { expiresAt: soon });
    const { credentialId } = await newCredential(token, agentId);
    for (let count = 2; count < 10; count++) await newCredential(token, agentId);
    const answer = await create(token, agentId);
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      code: "CREDENTIAL_LIMIT_EXCEEDED",
      message: "An agent may have 10 active credentials; revoke one first.",
      details: { limit: "maxActiveCredentials", max: 10, current: 10 },
    });
    expect(
      (await call(`/api/v1/agents/${agentId}/credentials/${credentialId}`, { token, method: "DELETE" })).status,
    ).toBe(204);
    expect((await create(token, agentId)).status).toBe(201);
    expect((await create(token, agentId)).status).toBe(409);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(soon) });
    expect((await create(token, agentId)).status).toBe(201);
  });
});

describe("POST /agents/{agentId}/credentials 404 and 409", () => {
  it("another organization's agent is answered as an id that never was", async () => {
    const [mine, theirs] = [await newOrganization(), await newOrganization()];
    const answers = [await create(mine.token, theirs.agentId), await create(mine.token, crypto.randomUUID())];
    for (const { status, body } of answers) {
      expect([status, body.code]).toEqual([404, "AGENT_NOT_FOUND"]);
    }
  });

  it("a decommissioned agent", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    await call(`/api/v1/agents/${agentId}`, { token, method: "DELETE" });
    const answer = await create(token, agentId);
    expect([answer.status, answer.body.code]).toEqual([409, "AGENT_ALREADY_DECOMMISSIONED"]);
  });
});
