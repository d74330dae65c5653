import { afterEach, describe, expect, it, vi } from "vitest";
import { type Body, call, newAgent, newClient, newCredential, newOrganization, tokenFor } from "../../support/api.ts";

const rotate = (token: string, { clientId, credentialId }: Body, json?: unknown) =>
  call(`/api/v1/agents/${clientId}/credentials/${credentialId}/rotate`, { token, method: "POST", json });
const signIn = async (clientId: string, clientSecret: string) =>
  (await call("/api/v1/token", { basic: { clientId, clientSecret }, form: { grant_type: "client_credentials" } }))
    .status;

afterEach(() => {
  vi.useRealTimers();
});

describe("POST …/rotate 200", () => {
  it("gives a new secret under the same id and expiry; the old one dies at once", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const { clientSecret: old, ...record } = await newCredential(token, agentId, { expiresAt: "2099-01-01T00:00:00Z" });
    const answer = await rotate(token, record, {});
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    const { clientSecret: fresh, ...rest } = answer.body;
    expect(rest).toEqual(record);
    expect(fresh).toMatch(/^sa_sec_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/);
    expect([await signIn(agentId, old), await signIn(agentId, fresh)]).toEqual([401, 200]);
  });

  it("needs a body in JSON, {} at least", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    const answer = await rotate(token, client);
    expect([answer.status, answer.body.code]).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
    expect(await signIn(client.clientId, client.clientSecret)).toBe(200);
  });

  it("with an overlap both work until it ends, to the millisecond", async () => {
    const now = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now });
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const credential = await newCredential(token, agentId);
    const { clientSecret: fresh } = (await rotate(token, credential, { overlapSeconds: 60 })).body;
    const both = async () => [await signIn(agentId, credential.clientSecret), await signIn(agentId, fresh)];
    expect(await both()).toEqual([200, 200]);
    vi.setSystemTime(now + 59_999);
    expect(await both()).toEqual([200, 200]);
    vi.setSystemTime(now + 60_000);
    expect(await both()).toEqual([401, 200]);
  });

  it("rotated again during an overlap, each secret keeps its own, to the millisecond", async () => {
    const now = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now });
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const credential = await newCredential(token, agentId);
    const { clientSecret: second } = (await rotate(token, credential, { overlapSeconds: 600 })).body;
    const { clientSecret: third } = (await rotate(token, credential, { overlapSeconds: 60 })).body;
    const { clientSecret: fourth } = (await rotate(token, credential, { overlapSeconds: 1200 })).body;
    const statuses = () =>
      Promise.all([credential.clientSecret, second, third, fourth].map((secret) => signIn(agentId, secret)));
    expect(await statuses()).toEqual([200, 200, 200, 200]);
    vi.setSystemTime(now + 60_000);
    expect(await statuses()).toEqual([200, 401, 200, 200]);
    vi.setSystemTime(now + 599_999);
    expect(await statuses()).toEqual([200, 401, 200, 200]);
    vi.setSystemTime(now + 600_000);
    expect(await statuses()).toEqual([401, 401, 200, 200]);
    vi.setSystemTime(now + 1_200_000);
    expect(await statuses()).toEqual([401, 401, 401, 200]);
  });

  it("without overlap every earlier secret ends, with its tokens", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    const { clientId } = client;
    const secrets: string[] = [client.clientSecret];
    for (const overlapSeconds of [86_400, 600]) {
      secrets.push((await rotate(token, client, { overlapSeconds })).body.clientSecret);
    }
    const tokens = await Promise.all(secrets.map((clientSecret) => tokenFor({ clientId, clientSecret })));
    secrets.push((await rotate(token, client, { overlapSeconds: 0 })).body.clientSecret);
    expect(await Promise.all(secrets.map((secret) => signIn(clientId, secret)))).toEqual([401, 401, 401, 200]);
    const alive = await Promise.all(tokens.map(async (own) => (await call("/agent-info", { token: own })).status));
    expect(alive).toEqual([401, 401, 401]);
  });

  it("ten secrets can have an overlap; then only a rotation without one is possible until one of them ends", async () => {
    const now = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now });
    const { token } = await newOrganization();
    const client = await newClient(token);
    const { clientId, clientSecret: first } = client;
    for (let n = 0; n < 10; n++) {
      const answer = await rotate(token, client, { overlapSeconds: 600 - n });
      expect(answer.status, answer.text).toBe(200);
    }
    const refused = await rotate(token, client, { overlapSeconds: 60 });
    expect([refused.status, refused.body]).toMatchObject([
      400,
      {
        code: "VALIDATION_ERROR",
        details: {
          issues: [
            { path: "overlapSeconds", message: "must be 0 while 10 secrets of the credential are in an overlap" },
          ],
        },
      },
    ]);
    expect(await signIn(clientId, first)).toBe(200);
    vi.setSystemTime(now + 591_000);
    expect((await rotate(token, client, { overlapSeconds: 60 })).status).toBe(200);
    expect(await signIn(clientId, first)).toBe(200);
    expect((await rotate(token, client, {})).status).toBe(200);
    expect(await signIn(clientId, first)).toBe(401);
  });

  it("the audit log names who rotated, and holds no secret", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token, { grantedScopes: ["agents:write"] });
    const answer = await rotate(await tokenFor(client), client, { overlapSeconds: 5 });
    expect(answer.status, answer.text).toBe(200);
    const audit = await call(`/api/v1/audit?agentId=${client.agentId}&action=credential.rotated`, { token });
    expect(audit.body.data).toHaveLength(1);
    expect(audit.body.data[0]).toMatchObject({
      actor: { agentId: client.agentId },
      target: client.credentialId,
      details: { overlapSeconds: 5 },
    });
    expect(audit.text).not.toContain(answer.body.clientSecret.slice(7));
  });
});

describe("POST …/rotate refused", () => {
  it.each([
    ["a negative overlap", { overlapSeconds: -1 }],
    ["an overlap of more than a day", { overlapSeconds: 86_401 }],
    ["half a second", { overlapSeconds: 0.5 }],
    ["an overlap as a text", { overlapSeconds: "60" }],
  ])("400 for %s", async (_, json) => {
    const { token, agentId, credentialId } = await newOrganization();
    const answer = await rotate(token, { clientId: agentId, credentialId }, json);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.body.details.issues).toMatchObject([
      { path: "overlapSeconds", message: "must be a whole number of seconds from 0 to 86400" },
    ]);
  });

  it("400 for an expired credential", async () => {
    const { token } = await newOrganization();
    const { agentId } = await newAgent(token);
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const credential = await newCredential(token, agentId, { expiresAt });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(expiresAt) });
    const answer = await rotate(token, credential, {});
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      code: "VALIDATION_ERROR",
      message: "credentialId: has expired and cannot be rotated; create a new credential",
    });
  });

  it("403 for another agent's without agents:write, whether that agent exists or not", async () => {
    const { token, agentId, credentialId } = await newOrganization();
    const reader = await tokenFor(await newClient(token));
    for (const clientId of [agentId, crypto.randomUUID()]) {
      const answer = await rotate(reader, { clientId, credentialId }, {});
      expect(answer.status).toBe(403);
      expect(answer.body).toMatchObject({
        code: "FORBIDDEN",
        error: "insufficient_scope",
        details: { requiredScope: "agents:write" },
      });
    }
  });

  it("403 for a member rotating the credential of an admin or of an agent that holds more", async () => {
    const { token, agentId, credentialId } = await newOrganization();
    const member = await tokenFor(await newClient(token, { grantedScopes: ["agents:read", "agents:write"] }));
    const wide = await newClient(token, { capabilities: ["salary:read"], grantedScopes: [] });
    const admin = await rotate(member, { clientId: agentId, credentialId }, {});
    expect(admin.body.message).toBe("Only an admin of the organization may change an admin.");
    expect((await rotate(member, wide, {})).body.details).toEqual({ notGrantable: ["salary:read"] });
    expect(await signIn(wide.clientId, wide.clientSecret)).toBe(200);
  });

  it("404 for a credential of another agent or organization, or one that never was", async () => {
    const [mine, theirs] = [await newOrganization(), await newOrganization()];
    const { agentId } = await newAgent(mine.token);
    const attempts = [
      [agentId, mine.credentialId, "CREDENTIAL_NOT_FOUND"],
      [agentId, theirs.credentialId, "CREDENTIAL_NOT_FOUND"],
      [agentId, crypto.randomUUID(), "CREDENTIAL_NOT_FOUND"],
      [theirs.agentId, theirs.credentialId, "AGENT_NOT_FOUND"],
      [crypto.randomUUID(), theirs.credentialId, "AGENT_NOT_FOUND"],
    ];
    for (const [clientId, credentialId, code] of attempts) {
      const answer = await rotate(mine.token, { clientId, credentialId }, {});
      expect([answer.status, answer.body.code]).toEqual([404, code]);
    }
  });

  it("409 for a revoked credential and for a decommissioned agent", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    const path = `/api/v1/agents/${client.agentId}`;
    await call(`${path}/credentials/${client.credentialId}`, { token, method: "DELETE" });
    expect((await rotate(token, client, {})).body.code).toBe("CREDENTIAL_ALREADY_REVOKED");
    await call(path, { token, method: "DELETE" });
    const answer = await rotate(token, client, {});
    expect([answer.status, answer.body.code]).toEqual([409, "AGENT_ALREADY_DECOMMISSIONED"]);
  });
});
