/** What programs hand over wrongly, and what of theirs fails: it must neither change a call nor be an error of another kind. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AgentIdPClient, ClientSecret } from "@sentryagent/idp-sdk";
import { type Answers, base, fetching, is, newClient, page, stillClock, token } from "./_answers.ts";
import type { Any } from "./_suite.ts";

describe("hooks never change a call", () => {
  const hooks: Readonly<Record<string, () => Any>> = {
    "that throw": () => {
      throw new Error("of the hook");
    },
    "that reject": async () => {
      throw new Error("of the hook");
    },
    "that never end": () => new Promise(() => undefined),
    "that give something": () => ({ status: 500 }),
  };
  for (const [which, hook] of Object.entries(hooks))
    test(which, async () => {
      const { client, sent } = newClient([[200, page]], { onRequest: hook, onResponse: hook });
      assert.deepEqual(await client.agents.list(), page);
      assert.equal(sent.length, 1);
    });

  test("the error of a failed request stays its own", async () => {
    const fetch = async () => {
      throw new TypeError("fetch failed");
    };
    const { client } = newClient([], { fetch, maxRetries: 0, onResponse: hooks["that throw"] });
    await assert.rejects(async () => await client.agents.list(), is({ kind: "Http", code: "CONNECTION_BROKEN" }));
  });
});

describe("limits of time and number", () => {
  const wrong: readonly Any[] = [Number.NaN, -1, "5000", new Date(), true];
  for (const name of ["timeoutMs", "attemptTimeoutMs", "maxRetries"])
    test(`\`${name}\` of a client must be a number from 0`, () => {
      for (const value of wrong)
        assert.throws(() => newClient([], { [name]: value }), is({ kind: "Config" }), String(value));
    });

  for (const name of ["timeoutMs", "maxRetries"])
    test(`\`${name}\` of a call must be a number from 0`, async () => {
      const { client, sent } = newClient([]);
      for (const value of wrong)
        await assert.rejects(async () => await client.agents.list({}, { [name]: value }), is({ kind: "Config" }));
      assert.equal(sent.length, 0);
    });

  test("`intervalMs` of a following must be a number from 0", () => {
    const { client } = newClient([]);
    for (const intervalMs of wrong) assert.throws(() => client.audit.follow({ intervalMs }), is({ kind: "Config" }));
  });

  for (const milliseconds of [Number.POSITIVE_INFINITY, 1e12, 2 ** 31])
    test(`${milliseconds} ms is a long time`, async () => {
      const fetch = async (_: unknown, init?: RequestInit) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        init?.signal?.throwIfAborted();
        return Response.json(page);
      };
      const limits = { timeoutMs: milliseconds, attemptTimeoutMs: milliseconds };
      const { client } = newClient([], { fetch, ...limits });
      assert.deepEqual(await client.agents.list({}, { timeoutMs: milliseconds }), page);
    });
});

describe("a 401 of the service without `WWW-Authenticate`, which a proxy has dropped", () => {
  const problem = { code: "UNAUTHORIZED", message: "The token is not valid." };

  test("is answered with one new token and one repetition", async () => {
    const answers: Answers = [
      [200, token],
      [401, problem],
      [200, { ...token, access_token: "token-2" }],
      [200, page],
    ];
    const { fetch, sent } = fetching(answers);
    const client = new AgentIdPClient(base, new ClientSecret("id", "secret"), { fetch });
    assert.deepEqual(await client.agents.list(), page);
    assert.deepEqual(
      sent.filter(({ method }) => method === "GET").map(({ headers }) => headers.get("authorization")),
      ["Bearer token-1", "Bearer token-2"],
    );
  });

  test("is the end when it comes again", async () => {
    const answers: Answers = [
      [200, token],
      [401, problem],
      [200, token],
      [401, problem],
    ];
    const { fetch, sent } = fetching(answers);
    const client = new AgentIdPClient(base, new ClientSecret("id", "secret"), { fetch });
    await assert.rejects(async () => await client.agents.list(), is({ kind: "Auth", code: "UNAUTHORIZED" }));
    assert.equal(sent.length, 4);
  });

  test("is no reason for a new token when another party answers, or with another challenge", async () => {
    const others: Answers = [
      [401, { message: "of a proxy" }],
      [401, problem, { "www-authenticate": 'Bearer error="insufficient_scope"' }],
    ];
    for (const other of others) {
      const { fetch, sent } = fetching([[200, token], other]);
      const client = new AgentIdPClient(base, new ClientSecret("id", "secret"), { fetch });
      await assert.rejects(async () => await client.agents.list(), is({ kind: "Auth" }));
      assert.equal(sent.length, 2);
    }
  });
});

test("a `Retry-After` that is neither whole seconds nor a date is none", async () => {
  for (const header of ["0.5", "1.5", "-5", "+3", "1e3", "0x10", "soon", "", "2,3"]) {
    const sleeps: number[] = [];
    const { client } = newClient(
      [
        [429, {}, { "retry-after": header }],
        [200, page],
      ],
      { clock: stillClock(sleeps) },
    );
    await client.agents.list();
    assert.deepEqual(sleeps, [250], header);
  }
  const sleeps: number[] = [];
  const headers = { "retry-after": "Mon, 30 Nov 2026 10:00:07 GMT", date: "Mon, 30 Nov 2026 10:00:00 GMT" };
  const { client } = newClient(
    [
      [429, {}, headers],
      [429, {}, { "retry-after": "3" }],
      [200, page],
    ],
    {
      clock: stillClock(sleeps),
    },
  );
  await client.agents.list();
  assert.deepEqual(sleeps, [7000, 3000]);
});

test("headers of a call come in each of their forms, and a value that is undefined is none", async () => {
  const forms: readonly Any[] = [
    new Headers({ "X-Trace": "1", Authorization: "Bearer other" }),
    { "X-Trace": "1", "x-other": undefined, Authorization: "Bearer other" },
    [["X-Trace", "1"]],
    new Map([["X-Trace", "1"]]),
  ];
  for (const headers of forms) {
    const { client, sent } = newClient([[200, page]]);
    await client.agents.list({}, { headers });
    assert.equal(sent[0]?.headers.get("x-trace"), "1");
    assert.equal(sent[0]?.headers.get("x-other"), null);
    assert.equal(sent[0]?.headers.get("authorization"), "Bearer token");
  }
  for (const headers of ["X-Trace: 1", 5, true] as readonly Any[]) {
    const { client } = newClient([[200, page]]);
    await assert.rejects(async () => await client.agents.list({}, { headers }), is({ kind: "Config" }));
  }
});
