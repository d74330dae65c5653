/** What the scenarios cannot say, with the service behind the proxy: clocks, assertions, printing, and a service that stops. */
import assert from "node:assert/strict";
import { Console } from "node:console";
import { Writable } from "node:stream";
import { before, describe, test } from "node:test";
import { inspect } from "node:util";
import {
  AccessToken,
  AgentIdPClient,
  AgentIdPError,
  type ClientOptions,
  ClientSecret,
  type Clock,
  newTokenManager,
  PrivateKeyJwt,
  WorkloadToken,
} from "@sentryagent/idp-sdk";
import { DpopKey } from "@sentryagent/idp-sdk/dpop";
import { TokenVerifier, verifyOnline } from "@sentryagent/idp-sdk/verify";
import { Webhook } from "@sentryagent/idp-sdk/webhooks";
import { type Any, begin, recorded, url } from "./_suite.ts";

const given = ["agent", "other", "keyAgent"];
const tokenPath = "/api/v1/token";

const pathsOf = async (): Promise<string[]> => (await recorded()).map(({ path }) => path);
const claimsOf = (jwt: string | null | undefined): Any =>
  JSON.parse(Buffer.from(jwt?.split(".")[1] ?? "e30", "base64url").toString());
const assertionIn = ({ body }: Any) => new URLSearchParams(body).get("client_assertion");

/** The machine's clock, wrong by this, and waits that are over at once. */
const clockWrongBy = (ms: number): Clock => ({
  now: () => Date.now() + ms,
  monotonic: () => performance.now(),
  random: () => 0,
  sleep: async () => undefined,
});

describe("a clock that is an hour wrong", () => {
  for (const [name, hours] of [
    ["fast", 1],
    ["slow", -1],
  ] as const) {
    test(`${name}: an assertion is refused once, and none afterwards`, async () => {
      const { keyAgent } = await begin({ given });
      const key = new PrivateKeyJwt({ clientId: keyAgent.clientId, key: keyAgent.privateKeyJwk });
      const client = new AgentIdPClient(url, key, { clock: clockWrongBy(hours * 3_600_000), maxRetries: 0 });
      for (let time = 0; time < 3; time++) await client.tokens.whoAmI();
      assert.deepEqual(await pathsOf(), [tokenPath, tokenPath, "/agent-info", "/agent-info", "/agent-info"]);
      await client.tokens.issue();
      const sent = await recorded();
      assert.equal(sent.length, 6);
      const offSeconds = sent.filter(assertionIn).map((one) => claimsOf(assertionIn(one)).iat - Date.now() / 1000);
      assert.equal(offSeconds.map((off) => Math.round(off / 3600)).join(), `${hours},0,0`);
    });

    test(`${name}: a proof is refused once, and none afterwards`, async () => {
      const { agent } = await begin({ given });
      const options = { clock: clockWrongBy(hours * 3_600_000), dpopKey: await DpopKey.generate(), maxRetries: 0 };
      const client = new AgentIdPClient(url, new ClientSecret(agent.clientId, agent.clientSecret), options);
      for (let time = 0; time < 3; time++) await client.tokens.whoAmI();
      assert.deepEqual(await pathsOf(), [tokenPath, tokenPath, "/agent-info", "/agent-info", "/agent-info"]);
    });
  }

  test("that is set while a program runs costs one more request", async () => {
    const { agent } = await begin({ given });
    let wrongMs = 0;
    const clock = { ...clockWrongBy(0), now: () => Date.now() + wrongMs };
    const options = { clock, dpopKey: await DpopKey.generate(), maxRetries: 0 };
    const client = new AgentIdPClient(url, new ClientSecret(agent.clientId, agent.clientSecret), options);
    await client.tokens.whoAmI();
    wrongMs = 3_600_000;
    await client.tokens.whoAmI();
    await client.tokens.whoAmI();
    assert.deepEqual(await pathsOf(), [tokenPath, ...Array(4).fill("/agent-info")]);
  });

  test("is no reason to repeat what is refused for another one", async () => {
    const { agent, keyAgent } = await begin({ given });
    const wrongKey = new PrivateKeyJwt({ clientId: agent.clientId, key: keyAgent.privateKeyJwk });
    const isAuth = (error: unknown) => error instanceof AgentIdPError && error.kind === "Auth";
    await assert.rejects(new AgentIdPClient(url, wrongKey).accessToken(), isAuth);
    assert.deepEqual(await pathsOf(), [tokenPath]);
    const late = { clock: clockWrongBy(3_600_000) };
    await assert.rejects(new AgentIdPClient(url, wrongKey, late).accessToken(), isAuth);
    const wrongSecret = new ClientSecret(agent.clientId, "sa_sec_wrong");
    await assert.rejects(new AgentIdPClient(url, wrongSecret, late).accessToken(), isAuth);
    assert.equal((await recorded()).length, 4);
  });
});

describe("three failures of the service", () => {
  const faults = [1, 2, 3].flatMap((nth) => [
    { when: { method: "POST", path: tokenPath, nth }, do: { status: 503 } },
    { when: { method: "GET", path: "/api/v1/agents", nth }, do: { status: 503 } },
  ]);
  const options: ClientOptions = { clock: clockWrongBy(0), maxRetries: 3 };

  test("are got over with a private key: each assertion is another one", async () => {
    const { keyAgent } = await begin({ given, faults });
    const key = new PrivateKeyJwt({ clientId: keyAgent.clientId, key: keyAgent.privateKeyJwk });
    await new AgentIdPClient(url, key, options).agents.list({ limit: 1 });
    const sent = await recorded();
    const ids = sent.filter(({ path }) => path === tokenPath).map((one) => claimsOf(assertionIn(one)).jti);
    assert.deepEqual([ids.length, new Set(ids).size, sent.length], [4, 4, 8]);
  });

  test("are got over with bound tokens: each proof is another one, and has no query", async () => {
    const { agent } = await begin({ given, faults });
    const bound = { ...options, dpopKey: await DpopKey.generate() };
    await new AgentIdPClient(url, new ClientSecret(agent.clientId, agent.clientSecret), bound).agents.list({
      limit: 1,
    });
    const proofs = (await recorded()).map(({ headers }) => claimsOf(headers.dpop));
    assert.equal(new Set(proofs.map(({ jti }) => jti)).size, 8);
    const places = new Set(proofs.map(({ htm, htu }) => `${htm} ${htu}`));
    assert.deepEqual([...places], [`POST ${url}${tokenPath}`, `GET ${url}/api/v1/agents`]);
    assert.ok((await recorded()).every(({ path, query }) => path === tokenPath || query === "limit=1"));
  });
});

describe("a service that stops", () => {
  test("after its keys were fetched: tokens are still verified, and unknown keys cost two fetches", async () => {
    const { agent } = await begin({ given });
    const client = new AgentIdPClient(url, new ClientSecret(agent.clientId, agent.clientSecret));
    const [{ accessToken }, other] = [await client.accessToken(), await client.tokens.issue()];
    let isStopped = false;
    let fetches = 0;
    const stoppable: typeof fetch = async (...request) => {
      if (String(request[0]).endsWith("jwks.json")) fetches++;
      if (isStopped) throw new TypeError("fetch failed");
      return fetch(...request);
    };
    const verifier = new TokenVerifier({ issuer: url, audience: url, fetch: stoppable });
    assert.equal((await verifier.verify(accessToken)).agentId, agent.agentId);
    isStopped = true;
    assert.equal((await verifier.verify(other.access_token)).agentId, agent.agentId);
    isStopped = false;
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const odd = (kid: number) =>
      `${part({ alg: "ES256", typ: "at+jwt", kid: String(kid) })}.${part({ iss: url })}.AAAA`;
    const settled = await Promise.allSettled(Array.from({ length: 1000 }, (_, kid) => verifier.verify(odd(kid))));
    assert.ok(settled.every(({ status }) => status === "rejected"));
    assert.ok(fetches <= 2, `${fetches} fetches`);
    assert.equal((await verifier.verify(accessToken)).agentId, agent.agentId);
  });
});

describe("nothing secret is printed", () => {
  let things: Record<string, unknown>;
  let secrets: Record<string, string>;

  before(async () => {
    const { agent, other, keyAgent, admin } = await begin({ given });
    const events: unknown[] = [];
    const hooks = {
      onRequest: (event: unknown) => events.push(event),
      onResponse: (event: unknown) => events.push(event),
    };
    const credentials = new ClientSecret(agent.clientId, agent.clientSecret);
    const client = new AgentIdPClient(url, credentials, hooks);
    const manager = newTokenManager(url, credentials, hooks);
    const [own, alone] = [await client.accessToken(), await manager.token()];
    const delegation = await client.delegations.create({
      delegateeAgentId: other.agentId,
      scopes: ["agents:read"],
      ttlSeconds: 300,
    });
    const acting = new AgentIdPClient(url, new ClientSecret(other.clientId, other.clientSecret), hooks).actingFor(
      delegation.delegationToken,
    );
    const asAdmin = new AgentIdPClient(url, new ClientSecret(admin.clientId, admin.clientSecret), {
      ...hooks,
      scopes: ["admin:orgs", "agents:write", "webhooks:write"],
    });
    const created = asAdmin.credentials.create(agent.agentId);
    const webhook = await asAdmin.webhooks.create({
      name: "hook",
      url: "https://example.com/hook",
      events: ["agent.created"],
    });
    const pem = `-----BEGIN PRIVATE KEY-----\n${Buffer.from(JSON.stringify(keyAgent.privateKeyJwk)).toString("base64")}\n-----END PRIVATE KEY-----`;
    const errorOf = (call: PromiseLike<unknown>) =>
      call.then(
        () => assert.fail("it must fail"),
        (error: unknown) => error,
      );
    const raw = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
    const fetching = (fetch: typeof globalThis.fetch) =>
      new AgentIdPClient("https://idp.example.com", new AccessToken(raw), { fetch, maxRetries: 0 }).agents.list();
    const shown = { message: `${raw} and ${agent.clientSecret}`, access_token: raw };
    things = {
      client,
      manager,
      acting,
      delegation,
      webhook,
      events,
      credentials,
      fixed: new AccessToken(raw),
      key: new PrivateKeyJwt({ clientId: keyAgent.clientId, key: keyAgent.privateKeyJwk }),
      pem: new PrivateKeyJwt({ clientId: keyAgent.clientId, key: pem }),
      workload: new WorkloadToken(agent.clientId, () => raw),
      dpopKey: await DpopKey.from(keyAgent.privateKeyJwk),
      verifier: new TokenVerifier({ issuer: url, audience: url }),
      receiver: new Webhook(webhook.signingSecret),
      token: own,
      call: created,
      answered: await created.withResponse(),
      pages: client.agents.list(),
      acted: await acting.agents.list({ limit: 1 }),
      introspected: await verifyOnline(asAdmin)(alone.accessToken).catch((error: unknown) => error),
      wrongSecret: await errorOf(
        new AgentIdPClient(url, new ClientSecret(agent.clientId, `${agent.clientSecret}x`)).accessToken(),
      ),
      noConnection: await errorOf(
        new AgentIdPClient("http://localhost:1", credentials, { maxRetries: 0 }).accessToken(),
      ),
      echoed: await errorOf(fetching(async () => Response.json(shown, { status: 400 }))),
      unreadable: await errorOf(fetching(async () => new Response(JSON.stringify(shown)))),
      header: await errorOf(
        new AgentIdPClient("https://idp.example.com", new AccessToken(`${raw}\n${raw}`)).agents.list(),
      ),
      wrongPem: await errorOf(new AgentIdPClient(url, new PrivateKeyJwt({ clientId: "1", key: pem })).accessToken()),
    };
    const sent = (await recorded()).flatMap(({ headers, body }) => [
      headers.authorization?.split(" ")[1],
      new URLSearchParams(body).get("subject_token"),
    ]);
    const all = [
      agent.clientSecret,
      other.clientSecret,
      admin.clientSecret,
      keyAgent.privateKeyJwk.d,
      pem.split("\n")[1],
      raw,
      own.accessToken.expose(),
      alone.accessToken.expose(),
      delegation.delegationToken.expose(),
      webhook.signingSecret.expose(),
      (await created).clientSecret.expose(),
      ...sent.filter((text) => text),
    ];
    secrets = Object.fromEntries(all.map((text, index) => [index, text]));
  });

  function logged(value: unknown): string {
    let text = "";
    const stdout = new Writable({
      write: (chunk, _, done) => {
        text += chunk;
        done();
      },
    });
    new Console({ stdout }).log(value);
    return text;
  }

  const cloned = (value: unknown): string => {
    try {
      const clone = structuredClone(value);
      return inspect(clone, { depth: null, showHidden: true }) + JSON.stringify(clone);
    } catch (error) {
      return String(error);
    }
  };

  const ways: Readonly<Record<string, (value: unknown) => string>> = {
    "console.log": logged,
    inspect: (value) => inspect(value, { depth: 12, showHidden: true }),
    "inspect without the library's own texts": (value) =>
      inspect(value, { depth: 12, showHidden: true, customInspect: false }),
    JSON: (value) => JSON.stringify(value) ?? "",
    String: (value) => `${value}${(value as Any)?.stack ?? ""}`,
    structuredClone: cloned,
  };

  for (const [name, print] of Object.entries(ways)) {
    test(`by ${name}`, () => {
      assert.ok(Object.keys(secrets).length > 15);
      for (const [of, value] of Object.entries(things)) {
        const text = print(value);
        for (const secret of Object.values(secrets)) assert.ok(!text.includes(secret), `${of}: a secret is printed`);
      }
    });
  }

  test("the search finds what is printed", () => {
    assert.match(inspect(things.wrongSecret), /AgentIdPError/);
    assert.match((things.header as Error).message, /`authorization`/);
    assert.match(JSON.stringify(things.events), /tokens\.issue/);
  });
});
