/** What ends: a closed client, a download that stalls, a lent delegation, the search for a subject that does not exist. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AccessToken, AgentIdPClient, AgentIdPError, ClientSecret } from "@sentryagent/idp-sdk";
import { TokenVerifier } from "@sentryagent/idp-sdk/verify";
import { base, fetching, is, newClient, stillClock } from "./_answers.ts";
import type { Any } from "./_suite.ts";

describe("a closed client", () => {
  test("gets no token, by none of its methods", async () => {
    for (const credentials of [new ClientSecret("id", "secret"), new AccessToken("token")]) {
      const { fetch, sent } = fetching([]);
      const tokenStore = { load: async () => null, save: async () => undefined, remove: async () => undefined };
      const client = new AgentIdPClient(base, credentials, { fetch, tokenStore });
      client.close();
      const calls: readonly (() => PromiseLike<unknown>)[] = [
        () => client.accessToken(),
        () => client.tokens.issue(),
        () => client.tokens.exchangeDelegation("sa_del_e30"),
        () => client.credentials.rotate("id", "1"),
        () => client.agents.list(),
      ];
      for (const call of calls) await assert.rejects(async () => await call(), is({ kind: "Config", code: "CLOSED" }));
      assert.equal(sent.length, 0);
    }
  });

  test("closes those that act for it, with what they are running; they do not close it", async () => {
    const hanging = (_: unknown, init?: RequestInit) =>
      new Promise<Response>((_resolve, reject) =>
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)),
      );
    const client = new AgentIdPClient(base, new ClientSecret("id", "secret"), { fetch: hanging });
    const acting = client.actingFor("sa_del_e30");
    const other = client.actingFor("sa_del_e30");
    other.close();
    await assert.rejects(other.accessToken(), is({ code: "CLOSED" }));
    const running = [acting.accessToken(), acting.agents.list().toArray(), client.accessToken()];
    client.close();
    for (const result of await Promise.allSettled(running))
      assert.ok(result.status === "rejected" && is({ kind: "Http", code: "CANCELLED" })(result.reason));
    await assert.rejects(acting.accessToken(), is({ code: "CLOSED" }));
    await assert.rejects(async () => await acting.agents.list(), is({ code: "CLOSED" }));
  });
});

describe("a download", () => {
  /** Gives these pieces, and then nothing more, without an end. */
  const stalling =
    (...pieces: string[]) =>
    async () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            const piece = pieces.shift();
            if (piece === undefined) return new Promise(() => undefined);
            controller.enqueue(new TextEncoder().encode(piece));
          },
        }),
      );

  test("that stalls ends with a time-out", async () => {
    for (const read of ["records", "bytes", "stream"] as const) {
      const { client } = newClient([], { fetch: stalling('{"a":1}\n'), attemptTimeoutMs: 50 });
      const download = await client.audit.export();
      const all = async () => {
        if (read === "bytes") await download.bytes();
        else for await (const _ of read === "records" ? download.records() : (download.stream as Any));
      };
      await assert.rejects(all, is({ kind: "Http", code: "TIMEOUT" }));
    }
  });

  test("whose reader is slow goes on", async () => {
    const fetch = async () => new Response('{"a":1}\n{"a":2}\n');
    const { client } = newClient([], { fetch, attemptTimeoutMs: 50 });
    const download = await client.audit.export();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const records: unknown[] = [];
    for await (const record of download.records()) {
      records.push(record);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.deepEqual(records, [{ a: 1 }, { a: 2 }]);
  });
});

test("a lent delegation that cannot be revoked is named, after the function has ended", async () => {
  const expiresAt = "2026-12-01T00:00:00.000Z";
  const created = {
    ...{ delegationToken: "sa_del_e30", chainId: "chain-1", delegatorAgentId: "a", delegateeAgentId: "b" },
    ...{ scopes: ["agents:read"], issuedAt: expiresAt, expiresAt, createdAt: expiresAt, ttlSeconds: 60, depth: 1 },
  };
  const { client } = newClient([
    [201, created],
    [500, { code: "INTERNAL_ERROR", message: "Failed." }],
  ]);
  const lending = { to: "b", scopes: ["agents:read"], ttlSeconds: 60 };
  let hasRun = false;
  const lend = client.delegations.lend(lending, () => {
    hasRun = true;
  });
  await assert.rejects(lend, (error: unknown) => {
    assert.ok(is({ kind: "Api", code: "DELEGATION_NOT_REVOKED" })(error) && error instanceof AgentIdPError);
    assert.equal(error.details?.chainId, "chain-1");
    return is({ code: "INTERNAL_ERROR" })(error.cause);
  });
  assert.ok(hasRun);
});

test("a forged subject is refused, and looked for once in 30 seconds", async () => {
  let nowMs = Date.now();
  const clock = { ...stillClock(), now: () => nowMs, monotonic: () => nowMs };
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const sub = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";
  const forged = `${part({ alg: "ES256", typ: "at+jwt", kid: "1" })}.${part({ iss: base, aud: base, sub })}.AAAA`;
  for (const status of [404, 410]) {
    let count = 0;
    const fetch = async () => {
      count++;
      return Response.json({}, { status });
    };
    const verifier = new TokenVerifier({ issuer: base, audience: base, fetch, clock });
    for (let time = 0; time < 5; time++)
      await assert.rejects(verifier.verifyByDid(forged), is({ kind: "Auth", code: "TOKEN_NOT_VALID" }));
    assert.equal(count, 1);
    nowMs += 30_001;
    await assert.rejects(verifier.verifyByDid(forged), is({ kind: "Auth" }));
    assert.equal(count, 2);
  }
});
