import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { call, newAgent, newClient, newCredential, newOrganization, tokenFor } from "../../support/api.ts";
import { eventsOf } from "./_log.ts";

const { DB } = env as unknown as { DB: D1Database };

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const sha256 = /^[0-9a-f]{64}$/;

describe("an event", () => {
  it("is there as soon as its change has been answered, with all its fields", async () => {
    const organization = await newOrganization();
    const { agentId } = await newAgent(organization.token);
    const answer = await call("/api/v1/audit?limit=1", {
      token: organization.token,
      headers: { "User-Agent": "not the one of the change" },
    });
    const [event] = answer.body.data;
    expect(event).toStrictEqual({
      eventId: expect.stringMatching(uuid),
      sequence: expect.any(Number),
      organizationId: organization.organizationId,
      agentId,
      action: "agent.created",
      outcome: "success",
      actor: {
        agentId: organization.agentId,
        credentialId: organization.credentialId,
        ip: expect.any(String),
        userAgent: expect.any(String),
      },
      target: agentId,
      details: expect.objectContaining({ agentType: "screener" }),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      previousHash: expect.stringMatching(sha256),
      hash: expect.stringMatching(sha256),
    });
    expect(event.actor.userAgent).not.toBe("not the one of the change");
  });

  it("names the address and the user agent of who caused it", async () => {
    const organization = await newOrganization();
    await call("/api/v1/token", {
      basic: organization,
      form: { grant_type: "client_credentials" },
      headers: { "User-Agent": "fleet/2.1", "CF-Connecting-IP": "203.0.113.77" },
    });
    const { actor } = (await eventsOf(organization.token)).at(-1);
    expect(actor).toMatchObject({ agentId: organization.agentId, ip: "203.0.113.77", userAgent: "fleet/2.1" });
  });

  it("follows the one before it in its organization's chain, from sequence 1", async () => {
    const organization = await newOrganization();
    await newClient(organization.token);
    const events = await eventsOf(organization.token);
    expect(events.map((event) => event.sequence)).toStrictEqual(events.map((_, index) => index + 1));
    expect(events.map((event) => event.previousHash)).toStrictEqual([
      "0".repeat(64),
      ...events.slice(0, -1).map((event) => event.hash),
    ]);
  });

  it("is shown with its raw columns when it was spoilt in the database, and hides no other", async () => {
    const organization = await newOrganization();
    const [first] = await eventsOf(organization.token);
    await DB.prepare("UPDATE audit_events SET details = '{' WHERE event_id = ?").bind(first.eventId).run();
    const events = await eventsOf(organization.token);
    expect(events[0].details.unreadable.details).toBe("{");
    expect(events.length).toBeGreaterThan(1);
  });
});

describe("the life of an agent", () => {
  it("stands in the log in its order, with who did each step and to what", async () => {
    const { token, ...admin } = await newOrganization();
    const { agentId } = await newAgent(token);
    const { credentialId, clientSecret } = await newCredential(token, agentId);
    const agentToken = await tokenFor({ clientId: agentId, clientSecret });
    const agent = `/api/v1/agents/${agentId}`;
    await call("/api/v1/token/introspect", { token, form: { token: agentToken } });
    await call("/api/v1/token/revoke", { token, form: { token: agentToken } });
    await call(`${agent}/credentials/${credentialId}/rotate`, { token, json: {} });
    await call(agent, { method: "PATCH", token, json: { version: "1.1.0" } });
    await call(agent, { method: "PATCH", token, json: { status: "suspended" } });
    await call(agent, { method: "PATCH", token, json: { status: "active" } });
    await call(`${agent}/credentials/${credentialId}`, { method: "DELETE", token });
    await call(agent, { method: "DELETE", token });

    const events = await eventsOf(token, { agentId });
    const jti = events.find(({ action }) => action === "token.issued").target;
    const byAdmin = { agentId: admin.agentId, credentialId: admin.credentialId };
    expect(jti).toMatch(uuid);
    expect(events).toMatchObject(
      [
        { action: "agent.created", target: agentId, actor: byAdmin },
        { action: "credential.generated", target: credentialId, actor: byAdmin },
        { action: "token.issued", target: jti, actor: { agentId, credentialId } },
        { action: "token.introspected", target: jti, actor: byAdmin },
        { action: "token.revoked", target: jti, actor: byAdmin },
        { action: "credential.rotated", target: credentialId, actor: byAdmin },
        { action: "agent.updated", target: agentId, actor: byAdmin },
        { action: "agent.suspended", target: agentId, actor: byAdmin },
        { action: "agent.reactivated", target: agentId, actor: byAdmin },
        { action: "credential.revoked", target: credentialId, actor: byAdmin },
        { action: "agent.decommissioned", target: agentId, actor: byAdmin },
      ].map((event) => ({ ...event, agentId, outcome: "success" })),
    );
  });
});

describe("a failed sign-in", () => {
  it("stands in the log with its true reason, and with nobody as its actor", async () => {
    const { token } = await newOrganization();
    const client = await newClient(token);
    await call("/api/v1/token", {
      basic: { clientId: client.agentId, clientSecret: `${client.clientSecret.slice(0, -49)}${"A".repeat(49)}` },
      form: { grant_type: "client_credentials" },
    });
    const [event] = await eventsOf(token, { outcome: "failure" });
    expect(event).toMatchObject({
      action: "token.refused",
      outcome: "failure",
      agentId: client.agentId,
      actor: { agentId: null },
      target: client.agentId,
      details: { reason: "wrong_secret" },
    });
  });
});

describe("no secret is in the log", () => {
  it("neither client secrets nor tokens, of those that were used, refused, looked up or taken back", async () => {
    const { token, clientSecret: adminSecret } = await newOrganization();
    const { agentId, credentialId, clientSecret } = await newClient(token);
    const wrongSecret = `${clientSecret.slice(0, -1)}${clientSecret.endsWith("a") ? "b" : "a"}`;
    const agentToken = await tokenFor({ clientId: agentId, clientSecret });
    const grant = { grant_type: "client_credentials" };
    await call("/api/v1/token", { basic: { clientId: agentId, clientSecret: wrongSecret }, form: grant });
    await call("/api/v1/token", { form: { ...grant, client_id: agentId, client_secret: wrongSecret } });
    await call("/api/v1/token", {
      form: {
        ...grant,
        client_id: agentId,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: agentToken,
      },
    });
    const rotated = await call(`/api/v1/agents/${agentId}/credentials/${credentialId}/rotate`, { token, json: {} });
    await call("/api/v1/token/introspect", { token, form: { token: agentToken } });
    await call("/api/v1/token/introspect", { token, form: { token: clientSecret } });
    await call("/api/v1/token/revoke", { token, form: { token: agentToken } });

    const log = JSON.stringify(await eventsOf(token));
    expect(log).toContain("wrong_secret");
    for (const secret of [adminSecret, clientSecret, wrongSecret, rotated.body.clientSecret, token, agentToken]) {
      expect(secret.length).toBeGreaterThan(40);
      expect(log).not.toContain(secret);
      expect(log).not.toContain(secret.slice(7, 39));
      expect(log).not.toContain(secret.split(".").at(-1));
    }
    expect(log).not.toContain("sa_sec_");
  });
});

describe("pages", () => {
  it("go from the newest to the oldest, each event once, while others are added", async () => {
    const { token } = await newOrganization();
    for (let n = 0; n < 3; n++) await newAgent(token);
    const before = await eventsOf(token);
    const seen: number[] = [];
    for (let path = "/api/v1/audit?limit=2"; ; ) {
      const { body } = await call(path, { token });
      seen.push(...body.data.map((event: { sequence: number }) => event.sequence));
      if (body.nextCursor === null) break;
      await newAgent(token);
      path = `/api/v1/audit?limit=2&cursor=${body.nextCursor}`;
    }
    expect(seen).toStrictEqual(before.map((event) => event.sequence).reverse());
  });

  it("hold 20 events unless asked for another number", async () => {
    const { token, ...client } = await newOrganization();
    await Promise.all(Array.from({ length: 20 }, () => tokenFor(client)));
    const { body } = await call("/api/v1/audit", { token });
    expect(body.data).toHaveLength(20);
    expect(body.nextCursor).toEqual(expect.any(String));
  });
});

describe("filters", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("agentId: what happened to the agent, not what it did", async () => {
    const { token, agentId: adminId } = await newOrganization();
    const { agentId } = await newAgent(token);
    expect((await eventsOf(token, { agentId })).map((event) => event.action)).toStrictEqual(["agent.created"]);
    const ofAdmin = await eventsOf(token, { agentId: adminId });
    expect(ofAdmin.map((event) => event.agentId)).toStrictEqual(ofAdmin.map(() => adminId));
    expect(await eventsOf(token, { agentId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" })).toStrictEqual([]);
  });

  it("action and outcome, together with each other", async () => {
    const { token, ...client } = await newOrganization();
    await call("/api/v1/token", {
      basic: client,
      form: { grant_type: "client_credentials", scope: "nothing:granted" },
    });
    const refused = await eventsOf(token, { action: "token.refused" });
    expect(refused).toMatchObject([
      { outcome: "failure", details: { reason: "invalid_scope", scope: "nothing:granted" } },
    ]);
    expect(await eventsOf(token, { action: "token.refused", outcome: "failure" })).toStrictEqual(refused);
    expect(await eventsOf(token, { action: "token.refused", outcome: "success" })).toStrictEqual([]);
  });

  it("from and to: both ends included, a bare date is the whole UTC day, an offset counts", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const { token } = await newOrganization();
    const [last] = (await eventsOf(token)).slice(-1);
    const at = Date.parse(last.timestamp);
    const iso = (ms: number) => new Date(ms).toISOString();
    const day = last.timestamp.slice(0, 10);
    const found = async (query: Record<string, string>) =>
      (await eventsOf(token, query)).some((event) => event.eventId === last.eventId);
    expect(await found({ from: iso(at) })).toBe(true);
    expect(await found({ to: iso(at) })).toBe(true);
    expect(await found({ from: iso(at), to: iso(at) })).toBe(true);
    expect(await found({ from: iso(at + 1) })).toBe(false);
    expect(await found({ to: iso(at - 1) })).toBe(false);
    expect(await found({ from: day, to: day })).toBe(true);
    expect(await found({ to: iso(Date.parse(day) - 1) })).toBe(false);
    expect(await found({ from: iso(Date.parse(day) + 86_400_000) })).toBe(false);
    const inKolkata = `${iso(at + 330 * 60_000).slice(0, -1)}+05:30`;
    expect(await found({ from: inKolkata, to: inKolkata })).toBe(true);
  });
});

it("shows nothing of another organization", async () => {
  const one = await newOrganization();
  const other = await newOrganization();
  const { agentId } = await newAgent(other.token);
  expect(await eventsOf(one.token, { agentId })).toStrictEqual([]);
  const owners = new Set((await eventsOf(one.token)).map((event) => event.organizationId));
  expect([...owners]).toStrictEqual([one.organizationId]);
});
