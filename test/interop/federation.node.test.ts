/**
 * Two services that federate: each a Worker of its own with its own data and keys, over real HTTP. B trusts A; a token of A's
 * agent for the resource that A has registered for B verifies at B while B's organization trusts A and A publishes the key
 * that signed it.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { byPath, type Handler, json, type StandIn, startStandIn } from "../platform/outbound/_stand-in.ts";
import { type Admin, type AgentClient, type Body, newClient, send, setUp, tokenFor } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

let a: WorkerProcess;
let b: WorkerProcess;
let adminOfA: Admin;
let adminOfB: Admin;
let agentOfA: AgentClient;
let agentOfB: AgentClient;
let tokenOfB: string;
let partner: Body;

async function verify(token: string): Promise<Body> {
  const answer = await send(b.issuer, "/api/v1/federation/verify", { token: tokenOfB, json: { token } });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

/** A's name for the API of B. */
const apiOfB = "urn:agentidp:operator:api-of-b";

const tokenOfA = (parameters: Record<string, string> = {}) =>
  tokenFor(a.issuer, agentOfA, { resource: apiOfB, ...parameters });
const partnerPath = () => `/api/v1/federation/partners/${partner.partnerId}`;

async function change(json: unknown): Promise<void> {
  const answer = await send(b.issuer, partnerPath(), { method: "PATCH", token: adminOfB.token, json });
  expect(answer.status, answer.text).toBe(200);
}

async function trust(fields: Record<string, unknown>): Promise<Body> {
  const answer = await send(b.issuer, "/api/v1/federation/trust", {
    token: adminOfB.token,
    json: { name: "Partner", ...fields },
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

beforeAll(async () => {
  // B asks for A's keys at each token, so that the test need not wait for an hour.
  [a, b] = await Promise.all([newWorkerProcess(), newWorkerProcess({ REMOTE_JWKS_TTL_SECONDS: "0" })]);
  await Promise.all([a.start(), b.start()]);
  [adminOfA, adminOfB] = await Promise.all([setUp(a.issuer), setUp(b.issuer)]);
  [agentOfA, agentOfB] = await Promise.all([newClient(a.issuer, adminOfA.token), newClient(b.issuer, adminOfB.token)]);
  tokenOfB = await tokenFor(b.issuer, agentOfB);
  const resource = { identifier: apiOfB, name: "The API of B" };
  const registered = await send(a.issuer, "/api/v1/resources", { token: adminOfA.token, json: resource });
  expect(registered.status, registered.text).toBe(201);
});

afterAll(() => Promise.all([a?.stop(), b?.stop()]));

beforeEach(async () => {
  partner = await trust({ issuer: a.issuer, audiences: [apiOfB] });
  return async () => {
    await send(b.issuer, partnerPath(), { method: "DELETE", token: adminOfB.token });
  };
});

describe("a token of A at B", () => {
  it("verifies while A is a partner", async () => {
    expect(await verify(await tokenOfA({ scope: "resume:read" }))).toMatchObject({
      valid: true,
      issuer: a.issuer,
      partnerId: partner.partnerId,
      subject: agentOfA.agentId,
      organizationId: adminOfA.organizationId,
      audience: [apiOfB],
      scopes: ["resume:read"],
    });
  });

  it("for another API of A, or for A itself, is not valid", async () => {
    expect((await verify(await tokenOfA())).valid).toBe(true);
    await change({ audiences: ["urn:agentidp:operator:another"] });
    expect(await verify(await tokenOfA())).toEqual({ valid: false });
    await change({ audiences: [apiOfB] });
    expect(await verify(await tokenFor(a.issuer, agentOfA, { scope: "agents:read" }))).toEqual({ valid: false });
  });

  it("is none of B's own: B's API refuses it, and B's token is no partner's", async () => {
    expect((await send(b.issuer, "/api/v1/agents", { token: await tokenOfA() })).status).toBe(401);
    expect(await verify(tokenOfB)).toEqual({ valid: false });
  });

  it("stops when A is suspended, and goes on when it is active again", async () => {
    const token = await tokenOfA();
    expect((await verify(token)).valid).toBe(true);
    await change({ status: "suspended" });
    expect(await verify(token)).toEqual({ valid: false });
    await change({ status: "active" });
    expect((await verify(token)).valid).toBe(true);
  });

  it("stops when the partnership has expired", async () => {
    const token = await tokenOfA();
    const expiresAtMs = Date.now() + 1500;
    await change({ expiresAt: new Date(expiresAtMs).toISOString() });
    expect((await verify(token)).valid).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, expiresAtMs - Date.now() + 50));
    expect(await verify(token)).toEqual({ valid: false });
  });

  it("counts only from the organizations that B names", async () => {
    const token = await tokenOfA();
    await change({ allowedOrganizations: ["another"] });
    expect(await verify(token)).toEqual({ valid: false });
    await change({ allowedOrganizations: [adminOfA.organizationId] });
    expect((await verify(token)).valid).toBe(true);
  });

  it("an id_token of A is none", async () => {
    const answer = await send(a.issuer, "/api/v1/token", {
      basic: agentOfA,
      form: { grant_type: "client_credentials", scope: "openid" },
    });
    expect(answer.status, answer.text).toBe(200);
    await change({ audiences: [apiOfB, a.issuer, agentOfA.clientId] });
    expect(await verify(answer.body.id_token)).toEqual({ valid: false });
    expect((await verify(answer.body.access_token)).valid).toBe(true);
  });

  it("stops when A drops its key as compromised; one of the new key verifies at once", async () => {
    const token = await tokenOfA();
    expect((await verify(token)).valid).toBe(true);
    const dropped = await send(a.issuer, "/api/v1/keys/rotate", { token: adminOfA.token, json: { compromised: true } });
    expect(dropped.status, dropped.text).toBe(200);
    expect(await verify(token)).toEqual({ valid: false });
    expect((await verify(await tokenOfA())).valid).toBe(true);
  });

  it("verifies while A is down, with the keys that B has; and again when A is back", async () => {
    const token = await tokenOfA();
    expect((await verify(token)).valid).toBe(true);
    await a.kill();
    expect((await verify(token)).valid).toBe(true);
    await a.start();
    expect((await verify(token)).valid).toBe(true);
  });
});

describe("a partner that misbehaves costs B nothing but the answer", () => {
  let standIn: StandIn;
  /** A's token with another issuer; it never comes to the signature. */
  let token: string;

  beforeAll(async () => {
    standIn = await startStandIn(json({}));
    const [header] = (await tokenOfA()).split(".");
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: standIn.origin, sub: "agent", aud: apiOfB, scope: "a:b", iat: now, exp: now + 600 };
    token = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2lnbmF0dXJl`;
  });
  afterAll(() => standIn?.close());

  it.each<[string, Handler, number]>([
    ["10 MB", (_, response) => void response.end("x".repeat(10_000_000)), 4000],
    ["10,000 keys", json({ keys: Array.from({ length: 10_000 }, (_, kid) => ({ kty: "EC", kid: `${kid}` })) }), 4000],
    ["a redirect inward", (_, response) => void response.writeHead(302, { Location: "/inside" }).end(), 4000],
    ["a body that never ends", (_, response) => void response.write("{"), 7000],
    ["no answer", () => undefined, 7000],
  ])("%s", async (_, handler, withinMs) => {
    standIn.requests.length = 0;
    standIn.handler = byPath({ "/keys": handler });
    const made = await trust({
      issuer: standIn.origin,
      jwksUri: `${standIn.origin}/keys?${Date.now()}`,
      audiences: [apiOfB],
    });
    const startedMs = Date.now();
    expect(await verify(token)).toEqual({ valid: false });
    expect(Date.now() - startedMs).toBeLessThan(withinMs);
    expect(standIn.requests).toEqual([expect.stringMatching(/^\/keys/)]);
    const path = `/api/v1/federation/partners/${made.partnerId}`;
    await send(b.issuer, path, { method: "DELETE", token: adminOfB.token });
  });
});
