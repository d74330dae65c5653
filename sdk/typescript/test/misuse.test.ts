/** Stores, functions and values of the caller that fail or are wrong, and what is used after its end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  AccessToken,
  AgentIdPClient,
  AgentIdPError,
  ClientSecret,
  newTokenManager,
  PrivateKeyJwt,
  WorkloadToken,
} from "@sentryagent/idp-sdk";
import { DpopKey } from "@sentryagent/idp-sdk/dpop";
import { TokenVerifier, verifyOnline } from "@sentryagent/idp-sdk/verify";
import { Webhook } from "@sentryagent/idp-sdk/webhooks";
import { base, fetching, is, newClient, page, token } from "./_answers.ts";
import type { Any } from "./_suite.ts";

describe("a token store never fails a call", () => {
  const fail = async () => {
    throw new Error("of the store");
  };
  const failAtOnce = () => {
    throw new Error("of the store");
  };
  const later = new Date(Date.now() + 3_600_000);
  const stored = { accessToken: "stored", tokenType: "Bearer", scopes: ["agents:read"], expiresAt: later };

  /** The token that a client with this store uses. */
  async function usedWith(tokenStore: Any): Promise<string | null | undefined> {
    const { fetch, sent } = fetching([
      [200, token],
      [200, page],
    ]);
    const withoutRequest = async (input: Any, init: Any) => {
      if (String(input).endsWith("/token")) return fetch(input, init);
      sent.push(new Request(input, init));
      return Response.json(page);
    };
    const options = { fetch: withoutRequest, tokenStore };
    await new AgentIdPClient(base, new ClientSecret("id", "secret"), options).agents.list();
    return sent.at(-1)?.headers.get("authorization");
  }

  for (const [name, failing] of Object.entries({ fail, failAtOnce, missing: undefined }))
    test(`when its methods ${name}`, async () => {
      const whole = { load: async () => null, save: async () => undefined, remove: async () => undefined };
      for (const method of ["load", "save"])
        assert.equal(await usedWith({ ...whole, [method]: failing }), "Bearer token-1");
    });

  test("when what it has is no token", async () => {
    const wrong: readonly Any[] = [
      ...["", "text", 5, {}, []],
      ...[
        { ...stored, accessToken: 5 },
        { ...stored, accessToken: "" },
        { ...stored, scopes: "agents:read" },
      ],
      ...[
        { ...stored, tokenType: undefined },
        { ...stored, expiresAt: later.getTime() },
      ],
      ...[
        { ...stored, expiresAt: "later" },
        { ...stored, expiresAt: null },
        { ...stored, expiresAt: undefined },
      ],
      ...[
        { ...stored, expiresAt: {} },
        { ...stored, expiresAt: new Date(Number.NaN) },
      ],
    ];
    for (const value of wrong)
      assert.equal(await usedWith({ load: async () => value, save: fail, remove: fail }), "Bearer token-1");
  });

  test("and its times may have been JSON", async () => {
    const value = JSON.parse(JSON.stringify(stored));
    assert.equal(await usedWith({ load: async () => value, save: fail, remove: fail }), "Bearer stored");
  });

  test("when it keeps a token that was refused", async () => {
    const { fetch, sent } = fetching([
      [401, {}, { "www-authenticate": 'Bearer error="invalid_token"' }],
      [200, token],
      [200, page],
    ]);
    const tokenStore = { load: async () => stored, save: fail, remove: fail };
    const client = new AgentIdPClient(base, new ClientSecret("id", "secret"), { fetch, tokenStore });
    assert.deepEqual(await client.agents.list(), page);
    assert.equal(sent.at(-1)?.headers.get("authorization"), "Bearer token-1");
  });
});

describe("the error of a function of the caller is the cause of the library's", () => {
  const thrown = new Error("of the function");
  const fail = () => {
    throw thrown;
  };
  const signed = { clientId: "id", key: fail };
  const clients: Readonly<Record<string, () => Any>> = {
    "a signer": () => new PrivateKeyJwt(signed),
    "a workload's token": () => new WorkloadToken("id", fail),
    "an access token": () => new AccessToken(async () => fail()),
  };
  for (const [which, credentials] of Object.entries(clients))
    test(which, async () => {
      const { fetch, sent } = fetching([]);
      const own = new AgentIdPClient(base, credentials(), { fetch });
      for (const call of [() => own.agents.list(), () => own.accessToken()])
        await assert.rejects(async () => await call(), is({ kind: "Config", code: "CALLBACK_FAILED", cause: thrown }));
      assert.equal(sent.length, 0);
    });

  test("a signer of proofs", async () => {
    const { publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
    const dpopKey = await DpopKey.from({
      publicJwk: (await crypto.subtle.exportKey("jwk", publicKey)) as Any,
      sign: fail,
    });
    const { client } = newClient([], { dpopKey });
    await assert.rejects(async () => await client.agents.list(), is({ code: "CALLBACK_FAILED", cause: thrown }));
  });
});

describe("what has the wrong type is an error of the library", () => {
  const signIn = new ClientSecret("id", "secret");
  const wrongTexts: readonly Any[] = [undefined, null, "", 5, {}, []];
  const made: Readonly<Record<string, (value: Any) => unknown>> = {
    "a webhook's secret": (value) => new Webhook(value),
    "a client id": (value) => new ClientSecret(value, "secret"),
    "a client secret": (value) => new ClientSecret("id", value),
    "the id of a key": (value) => new PrivateKeyJwt({ clientId: value, key: { kty: "EC" } }),
    "the id of a workload": (value) => new WorkloadToken(value, () => "token"),
    "an access token": (value) => new AccessToken(value),
    "a delegation token": (value) => new AgentIdPClient(base, signIn).actingFor(value),
    "an audience": (value) => new TokenVerifier({ issuer: base, audience: value }),
  };
  for (const [which, make] of Object.entries(made))
    test(which, () => {
      for (const value of wrongTexts) assert.throws(() => make(value), is({ kind: "Config" }), String(value));
    });

  test("credentials", () => {
    for (const credentials of [{ clientId: "id", clientSecret: "secret" }, null, "secret", () => "token"] as Any[])
      for (const make of [() => new AgentIdPClient(base, credentials), () => newTokenManager(base, credentials)])
        assert.throws(make, is({ kind: "Config" }));
  });

  test("scopes", async () => {
    const scopes: Any = "agents:read";
    assert.throws(() => new AgentIdPClient(base, signIn, { scopes }), is({ kind: "Config" }));
    const audience = base;
    assert.throws(() => new TokenVerifier({ issuer: base, audience, requiredScopes: scopes }), is({ kind: "Config" }));
    const { fetch, sent } = fetching([]);
    const client = new AgentIdPClient(base, signIn, { fetch });
    const delegation = client.delegations.require("sa_del_e30", { scopes });
    await assert.rejects(delegation, is({ kind: "Config" }));
    await assert.rejects(client.accessToken({ scopes }), is({ kind: "Config" }));
    await assert.rejects(async () => await client.tokens.issue({ scopes }), is({ kind: "Config" }));
    assert.equal(sent.length, 0);
  });

  test("a token that is verified is refused", async () => {
    const { fetch } = fetching([]);
    const verifier = new TokenVerifier({ issuer: base, audience: base, fetch });
    const online = verifyOnline(new AgentIdPClient(base, new AccessToken("token"), { fetch }));
    for (const value of wrongTexts)
      for (const verify of [
        () => verifier.verify(value),
        () => verifier.verifyByDid(value),
        () => verifier.verifyIdToken(value),
        () => online(value),
      ])
        await assert.rejects(verify, is({ kind: "Auth" }));
  });

  test("a setting of the environment that is missing is named", () => {
    const names = ["AGENTIDP_CLIENT_ID", "AGENTIDP_CLIENT_SECRET"];
    const kept = names.map((name) => process.env[name]);
    const messageWith = (...values: string[]) => {
      for (const [index, name] of names.entries()) process.env[name] = values[index];
      try {
        new AgentIdPClient(base);
      } catch (error) {
        return error instanceof AgentIdPError && error.kind === "Config" ? error.message : "";
      }
      return "";
    };
    assert.match(messageWith("id", ""), /set AGENTIDP_CLIENT_SECRET\.$/);
    assert.match(messageWith("", "secret"), /set AGENTIDP_CLIENT_ID\.$/);
    assert.match(messageWith("", ""), /set AGENTIDP_CLIENT_ID and AGENTIDP_CLIENT_SECRET\.$/);
    for (const [index, name] of names.entries())
      if (kept[index] === undefined) delete process.env[name];
      else process.env[name] = kept[index];
  });
});
