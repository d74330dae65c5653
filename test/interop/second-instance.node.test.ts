/**
 * Taking something back holds everywhere at once: done through one instance of the Worker, it is refused by the very next
 * request at another one whose caches are warm.
 */
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type Admin,
  type AgentClient,
  newClient,
  newOrganization,
  requestToken,
  send,
  setUp,
  tokenFor,
} from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

let worker: WorkerProcess;
let operator: Admin;
let organization: Admin;
let agent: AgentClient;
/** A token of the agent, in use at both instances. */
let token: string;

const use = (instance: string, presented = token) => send(instance, "/api/v1/agents", { token: presented });

/** Both instances know the agent, its organization, the keys and the token, and have let all of them in. */
async function warmUp(): Promise<void> {
  for (const instance of worker.instances) {
    expect((await use(instance)).status).toBe(200);
    expect((await requestToken(instance, agent)).status).toBe(200);
  }
}

/** The second instance goes first: it is the one that did not make the change. */
const secondFirst = () => worker.instances.toReversed();

async function expectTokenRefused(): Promise<void> {
  for (const instance of secondFirst()) {
    expect(await use(instance)).toMatchObject({ status: 401, body: { code: "UNAUTHORIZED", error: "invalid_token" } });
  }
}

async function expectSignInRefused(): Promise<void> {
  for (const instance of secondFirst()) {
    expect(await requestToken(instance, agent)).toMatchObject({ status: 401, body: { error: "invalid_client" } });
  }
}

/** Changes something through the first instance. */
async function change(method: string, path: string, by: Admin, json?: unknown): Promise<number> {
  const call = { method, token: by.token, ...(json === undefined ? {} : { json }) };
  return (await send(worker.instances[0], path, call)).status;
}

beforeAll(async () => {
  worker = await newWorkerProcess();
  await worker.start();
  operator = await setUp(worker.issuer);
});

afterAll(() => worker?.stop());

beforeEach(async () => {
  organization = await newOrganization(worker.issuer, operator);
  agent = await newClient(worker.issuer, organization.token);
  token = await tokenFor(worker.issuer, agent);
  await warmUp();
});

describe("the very next use is refused at both instances after", () => {
  it("the token is revoked; the agent may sign in again", async () => {
    const revoked = await send(worker.instances[0], "/api/v1/token/revoke", { basic: agent, form: { token } });
    expect(revoked.status).toBe(200);
    await expectTokenRefused();
    for (const instance of secondFirst()) {
      const fresh = await tokenFor(instance, agent);
      expect((await use(instance, fresh)).status).toBe(200);
    }
  });

  it("its credential is revoked", async () => {
    const path = `/api/v1/agents/${agent.agentId}/credentials/${agent.credentialId}`;
    expect(await change("DELETE", path, organization)).toBe(204);
    await expectTokenRefused();
    await expectSignInRefused();
  });

  it("its credential is rotated without overlap: the old secret is refused, and the token that it got", async () => {
    const path = `/api/v1/agents/${agent.agentId}/credentials/${agent.credentialId}/rotate`;
    expect(await change("POST", path, organization, {})).toBe(200);
    await expectSignInRefused();
    await expectTokenRefused();
  });

  it("the agent is suspended", async () => {
    expect(await change("PATCH", `/api/v1/agents/${agent.agentId}`, organization, { status: "suspended" })).toBe(200);
    await expectTokenRefused();
    await expectSignInRefused();
  });

  it("the agent is suspended and reactivated: it may sign in, and no old token revives", async () => {
    const path = `/api/v1/agents/${agent.agentId}`;
    expect(await change("PATCH", path, organization, { status: "suspended" })).toBe(200);
    expect(await change("PATCH", path, organization, { status: "active" })).toBe(200);
    for (const instance of secondFirst()) {
      const fresh = await tokenFor(instance, agent);
      expect((await use(instance, fresh)).status).toBe(200);
    }
    await expectTokenRefused();
  });

  it("the agent is decommissioned", async () => {
    expect(await change("DELETE", `/api/v1/agents/${agent.agentId}`, organization)).toBe(204);
    await expectTokenRefused();
    await expectSignInRefused();
  });

  it("the organization is suspended", async () => {
    const path = `/api/v1/organizations/${organization.organizationId}`;
    expect(await change("PATCH", path, operator, { status: "suspended" })).toBe(200);
    await expectTokenRefused();
    await expectSignInRefused();
  });

  it("the organization is deleted", async () => {
    expect(await change("DELETE", `/api/v1/organizations/${organization.organizationId}`, operator)).toBe(204);
    await expectTokenRefused();
    await expectSignInRefused();
  });

  it("the signing key is dropped as compromised; new tokens carry a new key, which is published", async () => {
    const droppedKid = decodeProtectedHeader(token).kid;
    expect(await change("POST", "/api/v1/keys/rotate", operator, { compromised: true })).toBe(200);
    await expectTokenRefused();
    for (const instance of secondFirst()) {
      const fresh = await tokenFor(instance, agent);
      expect(decodeProtectedHeader(fresh).kid).not.toBe(droppedKid);
      for (const publisher of worker.instances) {
        const keys = createRemoteJWKSet(new URL(`${publisher}/.well-known/jwks.json`));
        const { payload } = await jwtVerify(fresh, keys, { issuer: worker.issuer, typ: "at+jwt" });
        expect(payload.sub).toBe(agent.agentId);
      }
      for (const other of worker.instances) expect((await use(other, fresh)).status).toBe(200);
    }
    operator = {
      ...operator,
      token: await tokenFor(worker.issuer, operator, { scope: "agents:read agents:write admin:orgs" }),
    };
  });
});
