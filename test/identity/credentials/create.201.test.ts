import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { call, newAgent, newCredential, newOrganization, tokenFor } from "../../support/api.ts";

const { DB } = env as unknown as { DB: D1Database };

describe("POST /agents/{agentId}/credentials 201", () => {
  it("answers with the record and, once, the secret; no cache keeps it", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const answer = await call(`/api/v1/agents/${agentId}/credentials`, { token, json: {} });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(answer.body).toEqual({
      credentialId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      clientId: agentId,
      clientSecret: expect.stringMatching(/^sa_sec_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/),
      status: "active",
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      expiresAt: null,
      lastUsedAt: null,
      revokedAt: null,
    });
    const list = await call(`/api/v1/agents/${agentId}/credentials`, { token });
    const { clientSecret, ...record } = answer.body;
    expect(list.body.data).toEqual([record]);
    expect(list.text).not.toContain(clientSecret);
  });

  it("needs no body", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const answer = await call(`/api/v1/agents/${agentId}/credentials`, { token, method: "POST" });
    expect(answer.status, answer.text).toBe(201);
  });

  it("the secret signs in at once, and each credential has its own", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const [one, two] = [await newCredential(token, agentId), await newCredential(token, agentId)];
    expect(one.clientSecret).not.toBe(two.clientSecret);
    for (const client of [one, two]) {
      const own = await tokenFor(client);
      expect((await call(`/api/v1/agents/${agentId}`, { token: own })).status).toBe(200);
    }
  });

  it("neither the database nor the audit log holds the secret", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const { clientSecret, credentialId } = await newCredential(token, agentId);
    const row = await DB.prepare("SELECT * FROM credentials WHERE id = ?").bind(credentialId).first();
    expect(JSON.stringify(row)).not.toContain(clientSecret.slice(7));
    const audit = await call(`/api/v1/audit?agentId=${agentId}`, { token });
    expect(audit.text).not.toContain(clientSecret.slice(7));
    expect(audit.body.data[0]).toMatchObject({
      action: "credential.generated",
      target: credentialId,
      details: { expiresAt: null },
    });
  });

  it("with an expiry, in UTC whatever the offset was", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const credential = await newCredential(token, agentId, { expiresAt: "2099-01-31T12:00:00+02:00" });
    expect(credential).toMatchObject({ status: "active", expiresAt: "2099-01-31T10:00:00.000Z" });
  });

  it("for a suspended agent, which can use it once it is active again", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const setStatus = (status: string) =>
      call(`/api/v1/agents/${agentId}`, { token, method: "PATCH", json: { status } });
    await setStatus("suspended");
    const client = await newCredential(token, agentId);
    const refused = await call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials" } });
    expect(refused.status).toBe(401);
    await setStatus("active");
    await tokenFor(client);
  });
});
