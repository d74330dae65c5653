/** What the scenarios cannot say: options of this library alone, without a service. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AccessToken,
  AgentIdPClient,
  ClientSecret,
  None,
  newTokenManager,
  type StoredToken,
} from "@sentryagent/idp-sdk";
import { type Answers, base, fetching, is } from "./_answers.ts";

const token = (name: string) => ({ access_token: name, token_type: "Bearer", expires_in: 3600, scope: "agents:read" });
const page = { data: [], nextCursor: null };
const invalid = { "www-authenticate": 'Bearer error="invalid_token"' };

test("a fixed token that is refused is the end; a callback is asked again", async () => {
  const fixed = fetching([[401, {}, invalid]]);
  await assert.rejects(
    async () => await new AgentIdPClient(base, new AccessToken("one"), { fetch: fixed.fetch }).agents.list(),
    is({ kind: "Auth", attempts: 1 }),
  );
  const asked = fetching([
    [401, {}, invalid],
    [200, page],
  ]);
  let count = 0;
  const callback = new AccessToken(() => `token-${++count}`);
  assert.deepEqual(await new AgentIdPClient(base, callback, { fetch: asked.fetch }).agents.list(), page);
  assert.deepEqual(
    asked.sent.map(({ headers }) => headers.get("authorization")),
    ["Bearer token-1", "Bearer token-2"],
  );
});

test("a token store gives its token, and gets the new one", async () => {
  const kept = new Map<string, StoredToken>();
  const tokenStore = {
    load: async (key: string) => kept.get(key) ?? null,
    save: async (key: string, value: StoredToken) => void kept.set(key, value),
    remove: async (key: string) => void kept.delete(key),
  };
  const first = fetching([[200, token("one")]]);
  const credentials = new ClientSecret("id", "secret");
  await newTokenManager(base, credentials, { fetch: first.fetch, tokenStore }).token();
  assert.deepEqual([...kept.keys()], ["https://idp.example.com|id||||"]);
  const second = fetching([]);
  const { accessToken } = await newTokenManager(base, credentials, { fetch: second.fetch, tokenStore }).token();
  assert.equal(accessToken.expose(), "one");
  assert.equal(second.sent.length, 0);
});

test("tokens for other scopes and resources are other tokens", async () => {
  const { fetch, sent } = fetching([
    [200, token("one")],
    [200, token("two")],
    [200, token("three")],
  ]);
  const manager = newTokenManager(base, new ClientSecret("id", "secret"), { fetch });
  await manager.token();
  await manager.token({ scopes: ["agents:read"] });
  await manager.token({ resource: "https://api.example.com" });
  assert.equal((await manager.token({ scopes: ["agents:read"] })).accessToken.expose(), "two");
  const forms = await Promise.all(sent.map((request) => request.text()));
  assert.deepEqual(forms, [
    "grant_type=client_credentials",
    "grant_type=client_credentials&scope=agents%3Aread",
    "grant_type=client_credentials&resource=https%3A%2F%2Fapi.example.com",
  ]);
});

test("an id that is no segment of a path is refused before anything is sent", async () => {
  const { fetch, sent } = fetching([]);
  const client = new AgentIdPClient(base, new None(), { fetch });
  for (const id of ["", ".", "..", undefined as unknown as string])
    await assert.rejects(async () => await client.agents.card(id), is({ kind: "Config" }));
  assert.equal(sent.length, 0);
  await client.agents.card("a/../b").catch(() => undefined);
  assert.equal(sent[0]?.url, `${base}/api/v1/agents/a%2F..%2Fb/did/card`);
});

test("a caller's Authorization is never sent", async () => {
  const { fetch, sent } = fetching([[200, { status: "ok", version: "1" }]]);
  const client = new AgentIdPClient(base, new None(), { fetch });
  await client.service.health({ headers: { Authorization: "Bearer of another service", "X-Trace": "1" } });
  assert.equal(sent[0]?.headers.get("authorization"), null);
  assert.equal(sent[0]?.headers.get("x-trace"), "1");
});

test("a change whose answer was lost is a success after 412, where the record holds it", async () => {
  const agent = {
    ...{
      agentId: "1",
      organization_id: "1",
      email: "a@example.com",
      agentType: "custom",
      version: "2",
      capabilities: ["a:b"],
    },
    ...{
      owner: "o",
      deploymentEnv: "production",
      description: null,
      grantedScopes: [],
      isPublic: false,
      dpopRequired: false,
    },
    ...{ idTokenSignedResponseAlg: "RS256", publicKeyJwk: { kty: "EC" }, did: "did:web:a", status: "active" },
    ...{ createdAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-01T00:00:00.001Z" },
  };
  const change = (held: string) => {
    const answers: Answers = [
      [502, {}],
      [412, { code: "PRECONDITION_FAILED", message: "Changed." }],
      [200, { ...agent, version: held }, { etag: '"2"' }],
    ];
    const { fetch } = fetching(answers);
    const clock = { now: Date.now, monotonic: () => performance.now(), random: () => 0, sleep: async () => undefined };
    const client = new AgentIdPClient(base, new AccessToken("token"), { fetch, clock });
    return client.agents.update("1", { version: "2", capabilities: ["a:b"] }, { ifMatch: '"1"' });
  };
  const changed = await change("2");
  assert.equal(changed.etag, '"2"');
  assert.equal(changed.updatedAt.getTime(), Date.UTC(2026, 0, 1, 0, 0, 0, 1));
  await assert.rejects(async () => await change("3"), is({ code: "PRECONDITION_FAILED", isConflict: true }));
});

test("a URL with another host, a password or plain HTTP is no URL of the service", () => {
  for (const url of [
    "http://idp.example.com",
    "https://user:pass@idp.example.com",
    "ftp://localhost",
    "idp.example.com",
  ])
    assert.throws(() => new AgentIdPClient(url, new None()), is({ kind: "Config" }));
  for (const url of ["http://localhost:8787", "http://127.0.0.1/api/v1/", "http://[::1]:1", "https://idp.example.com/"])
    new AgentIdPClient(url, new None());
});

test("the deadline of a call bounds its wait for a token", async () => {
  const fetch = (_: unknown, init?: RequestInit) =>
    new Promise<Response>((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
  const client = new AgentIdPClient(base, new ClientSecret("id", "secret"), { fetch, timeoutMs: 50 });
  await assert.rejects(async () => await client.agents.list(), is({ kind: "Http", code: "TIMEOUT" }));
  client.close();
});

test("a repetition that comes while the first request still runs is sent again", async () => {
  const credential = { credentialId: "1", clientId: "1", status: "active", createdAt: "2026-01-01T00:00:00.000Z" };
  const created = { ...credential, expiresAt: null, lastUsedAt: null, revokedAt: null, clientSecret: "sa_sec_1" };
  const running = { code: "IDEMPOTENCY_IN_PROGRESS", message: "The first request is not done." };
  const { fetch, sent } = fetching([
    [502, {}],
    [409, running, { "retry-after": "1" }],
    [201, created],
  ]);
  const clock = { now: Date.now, monotonic: () => performance.now(), random: () => 0, sleep: async () => undefined };
  const client = new AgentIdPClient(base, new AccessToken("token"), { fetch, clock });
  assert.equal((await client.credentials.create("1")).clientSecret.expose(), "sa_sec_1");
  assert.equal(new Set(sent.map(({ headers }) => headers.get("idempotency-key"))).size, 1);
});

test("a raw request can have an answer without a body", async () => {
  const { fetch } = fetching([[204, null]]);
  const client = new AgentIdPClient(base, new AccessToken("token"), { fetch });
  assert.equal(await client.request("DELETE", "/api/v1/things/1"), undefined);
});

test("a server that wants a nonce in proofs gets it, once (RFC 9449 8, 9)", async () => {
  const { DpopKey } = await import("@sentryagent/idp-sdk/dpop");
  const nonce = (value: string) => ({ "dpop-nonce": value, "www-authenticate": 'DPoP error="use_dpop_nonce"' });
  const { fetch, sent } = fetching([
    [400, { error: "use_dpop_nonce" }, { "dpop-nonce": "first" }],
    [200, { ...token("one"), token_type: "DPoP" }],
    [401, {}, nonce("second")],
    [200, page],
  ]);
  const options = { fetch, dpopKey: await DpopKey.generate() };
  await new AgentIdPClient(base, new ClientSecret("id", "secret"), options).agents.list();
  const nonces = sent.map(
    ({ headers }) =>
      JSON.parse(atob(headers.get("dpop")?.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "")).nonce,
  );
  assert.deepEqual(nonces, [undefined, "first", undefined, "second"]);
});

test("a closed client sends nothing", async () => {
  const { fetch, sent } = fetching([]);
  const client = new AgentIdPClient(base, new None(), { fetch });
  client.close();
  await assert.rejects(async () => await client.service.health(), is({ kind: "Config", code: "CLOSED" }));
  assert.equal(sent.length, 0);
});
