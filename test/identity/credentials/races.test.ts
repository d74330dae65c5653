import { describe, expect, it } from "vitest";
import { type Body, call, newAgent, newClient, newOrganization } from "../../support/api.ts";

describe("requests that race", () => {
  it("for the last of ten active credentials: exactly ten win", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const path = `/api/v1/agents/${agentId}/credentials`;
    const answers = await Promise.all(Array.from({ length: 14 }, () => call(path, { token, json: {} })));
    expect(answers.map(({ status, body }) => (status === 201 ? status : body.code)).sort()).toEqual([
      ...Array(10).fill(201),
      ...Array(4).fill("CREDENTIAL_LIMIT_EXCEEDED"),
    ]);
    expect((await call(path, { token })).body.data).toHaveLength(10);
    expect(
      (await call(`/api/v1/audit?action=credential.generated&agentId=${agentId}`, { token })).body.data,
    ).toHaveLength(10);
  });

  it("to rotate one credential: all are answered, one after the other, and exactly one secret lives", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    const path = `/api/v1/agents/${client.agentId}/credentials/${client.credentialId}/rotate`;
    const answers = await Promise.all(Array.from({ length: 4 }, () => call(path, { token, json: {} })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const secrets: string[] = [client.clientSecret, ...answers.map(({ body }) => body.clientSecret)];
    const signIns = await Promise.all(
      secrets.map(async (clientSecret) => {
        const basic = { clientId: client.agentId, clientSecret };
        return (await call("/api/v1/token", { basic, form: { grant_type: "client_credentials" } })).status;
      }),
    );
    expect(signIns.sort()).toEqual([200, 401, 401, 401, 401]);
  });

  it("to revoke one credential: one wins, one event", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    const path = `/api/v1/agents/${client.agentId}/credentials/${client.credentialId}`;
    const answers = await Promise.all(Array.from({ length: 4 }, () => call(path, { token, method: "DELETE" })));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409, 409, 409]);
    const { data } = (await call("/api/v1/audit?action=credential.revoked", { token })).body;
    expect(data.map((event: Body) => event.target)).toEqual([client.credentialId]);
  });

  it("to rotate and to revoke: no secret survives", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    const path = `/api/v1/agents/${client.agentId}/credentials/${client.credentialId}`;
    const [revoked, ...rotated] = await Promise.all([
      call(path, { token, method: "DELETE" }),
      ...Array.from({ length: 3 }, () => call(`${path}/rotate`, { token, json: { overlapSeconds: 60 } })),
    ]);
    expect(revoked.status).toBe(204);
    for (const { status, body } of rotated) {
      expect([200, 409]).toContain(status);
      const basic = { clientId: client.agentId, clientSecret: body.clientSecret ?? client.clientSecret };
      expect((await call("/api/v1/token", { basic, form: { grant_type: "client_credentials" } })).status).toBe(401);
    }
  });
});
