import { describe, expect, it } from "vitest";
import { type Body, call, newClient, newCredential, newOrganization, tokenFor } from "../../support/api.ts";

const revoke = (token: string, agentId: string, credentialId: string) =>
  call(`/api/v1/agents/${agentId}/credentials/${credentialId}`, { token, method: "DELETE" });

describe("DELETE …/credentials/{credentialId} 204", () => {
  it("kills the tokens that it issued and its sign-ins at once, and nothing else of the agent", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    const other = await newCredential(token, client.agentId);
    const [dead, alive] = [await tokenFor(client), await tokenFor(other)];
    const answer = await revoke(token, client.agentId, client.credentialId);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect((await call("/api/v1/agents", { token: dead })).status).toBe(401);
    expect((await call("/api/v1/agents", { token: alive })).status).toBe(200);
    expect((await call("/api/v1/token/introspect", { token, form: { token: dead } })).body).toEqual({ active: false });
    const refused = await call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials" } });
    expect([refused.status, refused.body.error]).toEqual([401, "invalid_client"]);
    await tokenFor(other);
  });

  it("is in the record and in the audit log", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    await revoke(token, client.agentId, client.credentialId);
    const [record] = (await call(`/api/v1/agents/${client.agentId}/credentials`, { token })).body.data;
    expect(record).toMatchObject({ status: "revoked", revokedAt: expect.stringMatching(/Z$/) });
    const { data } = (await call("/api/v1/audit?action=credential.revoked", { token })).body;
    expect(data.map((event: Body) => [event.agentId, event.target])).toEqual([[client.agentId, client.credentialId]]);
  });

  it("takes a secret in its overlap with it", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    const path = `/api/v1/agents/${client.agentId}/credentials/${client.credentialId}`;
    const rotated = await call(`${path}/rotate`, { token, json: { overlapSeconds: 3600 } });
    await revoke(token, client.agentId, client.credentialId);
    for (const clientSecret of [client.clientSecret, rotated.body.clientSecret]) {
      const basic = { clientId: client.agentId, clientSecret };
      expect((await call("/api/v1/token", { basic, form: { grant_type: "client_credentials" } })).status).toBe(401);
    }
  });

  it("of a suspended agent", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    await call(`/api/v1/agents/${client.agentId}`, { token, method: "PATCH", json: { status: "suspended" } });
    expect((await revoke(token, client.agentId, client.credentialId)).status).toBe(204);
  });
});

describe("DELETE …/credentials/{credentialId} refused", () => {
  it("409 the second time, and for a decommissioned agent", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    const other = await newCredential(token, client.agentId);
    await revoke(token, client.agentId, client.credentialId);
    const again = await revoke(token, client.agentId, client.credentialId);
    expect([again.status, again.body.code]).toEqual([409, "CREDENTIAL_ALREADY_REVOKED"]);
    await call(`/api/v1/agents/${client.agentId}`, { token, method: "DELETE" });
    const gone = await revoke(token, client.agentId, other.credentialId);
    expect([gone.status, gone.body.code]).toEqual([409, "AGENT_ALREADY_DECOMMISSIONED"]);
  });

  it("403 without agents:write, and for an admin's credential when the caller is none", async () => {
    const { token, agentId, credentialId } = await newOrganization();
    const reader = await tokenFor(await newClient(token));
    const writer = await tokenFor(await newClient(token, { grantedScopes: ["agents:write"] }));
    expect((await revoke(reader, agentId, credentialId)).body.details).toEqual({ requiredScope: "agents:write" });
    expect((await revoke(writer, agentId, credentialId)).body.message).toBe(
      "Only an admin of the organization may change an admin.",
    );
    expect((await call("/api/v1/agents", { token })).status).toBe(200);
  });

  it("403 for an agent that the caller could not take over, by a member and by an admin's token without admin:orgs", async () => {
    const organization = await newOrganization();
    const { token } = organization;
    const wider = await newClient(token, { capabilities: ["payroll:write"] });
    const equal = await newClient(token, { grantedScopes: ["agents:write"] });
    const member = await tokenFor(await newClient(token, { grantedScopes: ["agents:write"] }));
    const narrow = await tokenFor(organization, { scope: "agents:write" });
    for (const caller of [member, narrow]) {
      const answer = await revoke(caller, wider.agentId, wider.credentialId);
      expect([answer.status, answer.body.code]).toEqual([403, "FORBIDDEN"]);
      expect(answer.body.details.notGrantable).toContain("payroll:write");
    }
    await tokenFor(wider, { scope: "agents:read" });
    expect((await revoke(member, equal.agentId, equal.credentialId)).status).toBe(204);
    expect((await revoke(token, wider.agentId, wider.credentialId)).status).toBe(204);
  });

  it("404 for another organization's, as for ids that never were", async () => {
    const [mine, theirs] = [await newOrganization(), await newOrganization()];
    const attempts = [
      [theirs.agentId, theirs.credentialId, "AGENT_NOT_FOUND"],
      [crypto.randomUUID(), crypto.randomUUID(), "AGENT_NOT_FOUND"],
      [mine.agentId, theirs.credentialId, "CREDENTIAL_NOT_FOUND"],
      [mine.agentId, crypto.randomUUID(), "CREDENTIAL_NOT_FOUND"],
    ] as const;
    for (const [agentId, credentialId, code] of attempts) {
      const answer = await revoke(mine.token, agentId, credentialId);
      expect([answer.status, answer.body.code]).toEqual([404, code]);
    }
    expect((await call("/api/v1/agents", { token: theirs.token })).status).toBe(200);
  });
});
