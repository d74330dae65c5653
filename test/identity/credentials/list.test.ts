import { afterEach, describe, expect, it, vi } from "vitest";
import { type Body, call, newAgent, newClient, newCredential, newOrganization, tokenFor } from "../../support/api.ts";

const list = (token: string, agentId: string, query = "") =>
  call(`/api/v1/agents/${agentId}/credentials${query}`, { token });

afterEach(() => {
  vi.useRealTimers();
});

describe("GET /agents/{agentId}/credentials", () => {
  it("newest first, in pages, each once", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const made: string[] = [];
    for (let count = 0; count < 5; count++) made.unshift((await newCredential(token, agentId)).credentialId);
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const { body } = await list(token, agentId, `?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.data.map((credential: Body) => credential.credentialId));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(made);
  });

  it("lastUsedAt is current: the last sign-in with that credential, and no other", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const [unused, used] = [await newCredential(token, agentId), await newCredential(token, agentId)];
    const before = Date.now();
    await tokenFor(used);
    const { data } = (await list(token, agentId)).body;
    expect(data.map((credential: Body) => credential.credentialId)).toEqual([used.credentialId, unused.credentialId]);
    expect(Date.parse(data[0].lastUsedAt)).toBeGreaterThanOrEqual(before);
    expect(data[1].lastUsedAt).toBeNull();
  });

  it("tells active, expired and revoked apart", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    await newCredential(token, agentId);
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const expiring = await newCredential(token, agentId, { expiresAt });
    const revoked = await newCredential(token, agentId, { expiresAt });
    await call(`/api/v1/agents/${agentId}/credentials/${revoked.credentialId}`, { token, method: "DELETE" });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(expiresAt) - 1 });
    const statuses = async () => (await list(token, agentId)).body.data.map((credential: Body) => credential.status);
    expect(await statuses()).toEqual(["revoked", "active", "active"]);
    await tokenFor(expiring);
    vi.setSystemTime(Date.parse(expiresAt));
    expect(await statuses()).toEqual(["revoked", "expired", "active"]);
    const refused = await call("/api/v1/token", { basic: expiring, form: { grant_type: "client_credentials" } });
    expect([refused.status, refused.body.error]).toEqual([401, "invalid_client"]);
  });

  it("an agent sees its own with agents:read, and nothing without a scope", async () => {
    const { token } = await newOrganization();
    const own = await newClient(token, { grantedScopes: ["agents:read"] });
    const answer = await list(await tokenFor(own, { scope: "agents:read" }), own.agentId);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.data).toHaveLength(1);
    const without = await list(await tokenFor(own, { scope: "openid" }), own.agentId);
    expect([without.status, without.body.details]).toEqual([403, { requiredScope: "agents:read" }]);
  });

  it("403 for another agent's with agents:read alone, whether that agent exists or not", async () => {
    const { token, agentId } = await newOrganization();
    const reader = await tokenFor(await newClient(token), { scope: "agents:read" });
    for (const other of [agentId, crypto.randomUUID()]) {
      const answer = await list(reader, other);
      expect([answer.status, answer.body.code]).toEqual([403, "FORBIDDEN"]);
      expect(answer.body.details).toEqual({ requiredScope: "audit:read" });
    }
  });

  it.each(["agents:write", "audit:read"])("another agent's with %s", async (scope) => {
    const { token, agentId } = await newOrganization();
    const reader = await tokenFor(await newClient(token, { grantedScopes: [scope] }), { scope });
    const answer = await list(reader, agentId);
    expect(answer.status, answer.text).toBe(200);
    expect(Object.keys(answer.body.data[0]).sort()).toEqual([
      "clientId",
      "createdAt",
      "credentialId",
      "expiresAt",
      "lastUsedAt",
      "revokedAt",
      "status",
    ]);
  });

  it("404 for another organization's agent as for an id that never was; 400 for another agent's cursor", async () => {
    const [mine, theirs] = [await newOrganization(), await newOrganization()];
    for (const agentId of [theirs.agentId, crypto.randomUUID()]) {
      const answer = await list(mine.token, agentId);
      expect([answer.status, answer.body.code]).toEqual([404, "AGENT_NOT_FOUND"]);
    }
    await newCredential(mine.token, mine.agentId);
    const { nextCursor } = (await list(mine.token, mine.agentId, "?limit=1")).body;
    const { agentId } = await newAgent(mine.token);
    expect((await list(mine.token, agentId, `?cursor=${nextCursor}`)).status).toBe(400);
  });
});
