/**
 * What ends a session. The next click says so. Attack:
 * a session of the console after its credential, agent, organization or signing key has ended, or after its time.
 */
import { createExecutionContext, createScheduledController, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import worker from "../../../src/worker.ts";
import {
  adminToken,
  call,
  newAdmin,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
} from "../../support/api.ts";
import { signedIn, signIn } from "./_browser.ts";

let organization: Organization;

beforeAll(async () => {
  organization = await newOrganization();
});

afterEach(() => {
  vi.useRealTimers();
});

async function runCron(): Promise<void> {
  const execution = createExecutionContext();
  await worker.scheduled(createScheduledController(), env as never, execution);
  await waitOnExecutionContext(execution);
}

const minute = 60_000;
const ended = (reason: string) => ({ status: 401, body: { code: "UNAUTHORIZED", details: { reason } } });

async function newSession() {
  const agent = await newClient(organization.token);
  const browser = await signedIn({ clientId: agent.clientId, clientSecret: agent.clientSecret });
  expect((await browser.send("/api/v1/agents")).status).toBe(200);
  return { agent, browser };
}

describe("time", () => {
  it("ends it after 30 minutes without a call, and not before", async () => {
    const { browser } = await newSession();
    const startMs = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: startMs + 29 * minute });
    expect((await browser.send("/session")).status).toBe(200);
    vi.setSystemTime(startMs + 58 * minute);
    expect((await browser.send("/session")).status).toBe(200);
    vi.setSystemTime(startMs + 89 * minute);
    expect(await browser.send("/session")).toMatchObject(ended("expired"));
    expect(await browser.send("/api/v1/agents", { json: {} })).toMatchObject(ended("expired"));
  });

  it("ends it after 8 hours, however often it is used", async () => {
    const { agent, browser } = await newSession();
    const endMs = Date.parse(browser.answer.body.expiresAt);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    for (let atMs = Date.now() + 25 * minute; atMs < endMs; atMs += 25 * minute) {
      vi.setSystemTime(atMs);
      expect((await browser.send("/session")).status).toBe(200);
    }
    vi.setSystemTime(endMs);
    expect(await browser.send("/session")).toMatchObject(ended("expired"));
    vi.setSystemTime(endMs + minute);
    const token = await adminToken(organization);
    await runCron();
    const { data } = (await call(`/api/v1/audit?action=session.ended&agentId=${agent.agentId}`, { token })).body;
    expect(data).toMatchObject([
      { target: browser.answer.body.sessionId, details: { reason: "expired" }, actor: { agentId: null } },
    ]);
  });
});

describe("what it depends on", () => {
  it("its credential is revoked", async () => {
    const { agent, browser } = await newSession();
    const path = `/api/v1/agents/${agent.agentId}/credentials/${agent.credentialId}`;
    expect((await call(path, { method: "DELETE", token: organization.token })).status).toBe(204);
    expect(await browser.send("/api/v1/agents")).toMatchObject(ended("revoked"));
    const { data } = (
      await call(`/api/v1/audit?target=${browser.answer.body.sessionId}`, { token: organization.token })
    ).body;
    expect(data[0]).toMatchObject({ action: "session.ended", details: { reason: "revoked" } });
  });

  it("its secret is rotated without an overlap", async () => {
    const { agent, browser } = await newSession();
    const path = `/api/v1/agents/${agent.agentId}/credentials/${agent.credentialId}/rotate`;
    expect((await call(path, { json: {}, token: organization.token })).status).toBe(200);
    expect(await browser.send("/session")).toMatchObject(ended("revoked"));
  });

  it("its agent is suspended, and stays signed out after the reactivation", async () => {
    const { agent, browser } = await newSession();
    const set = (status: string) =>
      call(`/api/v1/agents/${agent.agentId}`, { method: "PATCH", token: organization.token, json: { status } });
    expect((await set("suspended")).status).toBe(200);
    expect(await browser.send("/api/v1/agents")).toMatchObject(ended("revoked"));
    expect((await set("active")).status).toBe(200);
    expect(await browser.send("/api/v1/agents")).toMatchObject(ended("revoked"));
    expect((await signedIn({ clientId: agent.clientId, clientSecret: agent.clientSecret })).answer.status).toBe(201);
  });

  it("its agent is suspended by itself, in the console", async () => {
    const { clientId, clientSecret, agentId } = await newAdmin(organization);
    const browser = await signedIn({ clientId, clientSecret });
    const suspend = { method: "PATCH", json: { status: "suspended" } };
    expect((await browser.send(`/api/v1/agents/${agentId}`, suspend)).status).toBe(200);
    expect(await browser.send("/session")).toMatchObject(ended("revoked"));
    expect((await signIn({ clientId, clientSecret })).status).toBe(401);
  });

  it("its organization is suspended", async () => {
    const other = await newOrganization();
    const browser = await signedIn({ clientId: other.agentId, clientSecret: other.clientSecret });
    const token = await adminToken(await theOperator());
    const path = `/api/v1/organizations/${other.organizationId}`;
    expect((await call(path, { method: "PATCH", token, json: { status: "suspended" } })).status).toBe(200);
    expect(await browser.send("/api/v1/agents")).toMatchObject(ended("revoked"));
  });

  it("its agent demands tokens that are bound to a key", async () => {
    const { agent, browser } = await newSession();
    const path = `/api/v1/agents/${agent.agentId}`;
    const json = { dpopRequired: true };
    expect((await call(path, { method: "PATCH", token: organization.token, json })).status).toBe(200);
    expect((await browser.send("/session")).status).toBe(401);
  });

  it("its agent loses a scope: the session has it no more", async () => {
    const agent = await newClient(organization.token, { grantedScopes: ["agents:read", "audit:read"] });
    const browser = await signedIn({ clientId: agent.clientId, clientSecret: agent.clientSecret });
    expect((await browser.send("/api/v1/audit")).status).toBe(200);
    const json = { grantedScopes: ["agents:read"] };
    const path = `/api/v1/agents/${agent.agentId}`;
    expect((await call(path, { method: "PATCH", token: organization.token, json })).status).toBe(200);
    expect((await browser.send("/api/v1/audit")).status).toBe(403);
    expect((await browser.send("/session")).body.scopes).toStrictEqual(["agents:read"]);
  });

  it("the session that lent something ends the delegation too", async () => {
    const { browser } = await newSession();
    const borrower = await newClient(organization.token);
    const json = { delegateeAgentId: borrower.agentId, scopes: ["agents:read"], ttlSeconds: 600 };
    const lent = await browser.send("/api/v1/oauth2/token/delegate", { json });
    expect(lent.status, lent.text).toBe(201);
    expect((await browser.send("/session", { method: "DELETE" })).status).toBe(204);
    const { delegationToken } = lent.body;
    const verified = await call("/api/v1/oauth2/token/verify-delegation", {
      token: organization.token,
      json: { delegationToken },
    });
    expect(verified.body.valid).toBe(false);
  });

  it("its agent is decommissioned: an export has it without its hashes, and the next minute takes it away", async () => {
    const { agent, browser } = await newSession();
    const sessions = async () => {
      const { organizationId, token } = organization;
      const { text } = await call(`/api/v1/organizations/${organizationId}/export`, { token });
      const lines = text.split("\n").filter((line) => line.includes(browser.answer.body.sessionId));
      return lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "console_session");
    };
    const [exported] = await sessions();
    expect(exported).toMatchObject({ agentId: agent.agentId, ip: "unknown", endedAt: null });
    expect(JSON.stringify(exported)).not.toMatch(/hash|csrf|cookie/i);
    const path = `/api/v1/agents/${agent.agentId}`;
    expect((await call(path, { method: "DELETE", token: organization.token })).status).toBe(204);
    expect((await browser.send("/session")).status).toBe(401);
    await runCron();
    expect(await sessions()).toStrictEqual([]);
  });

  // The last one: every token and every session of the service ends.
  it("the signing key of its time is dropped as compromised", async () => {
    const { browser } = await newSession();
    const token = await adminToken(await theOperator());
    expect((await call("/api/v1/keys/rotate", { token, json: { compromised: true } })).status).toBe(200);
    expect(await browser.send("/api/v1/agents")).toMatchObject(ended("revoked"));
  });
});
