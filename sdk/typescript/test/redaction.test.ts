/** What an answer repeats of its request, and what only looks like a secret. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import {
  AccessToken,
  AgentIdPClient,
  AgentIdPError,
  ClientSecret,
  newTokenManager,
  setUp,
  WorkloadToken,
} from "@sentryagent/idp-sdk";
import { base } from "./_answers.ts";

const secret = "s3cr3t/with+signs=and:colons";

/** Every way in which a secret of these tests can be written. */
const forms = [secret, encodeURIComponent(secret)].flatMap((text) => [text, text.replaceAll("/", "\\/")]);
const basic = btoa(`${encodeURIComponent("an-id")}:${encodeURIComponent(secret)}`);

/** A proxy that shows the request in its answer. */
const echoes: Readonly<Record<string, (shown: string) => Response>> = {
  "a page": (shown) => new Response(`<pre>${shown}</pre>`, { status: 200 }),
  "a long page": (shown) => new Response(shown.repeat(40), { status: 200 }),
  "a problem": (shown) =>
    Response.json(
      { code: "BAD", message: `Bad: ${shown}`, hint: shown, details: { request: shown, [shown]: 1 } },
      { status: 400 },
    ),
  "an OAuth error": (shown) => Response.json({ error: shown, error_description: shown }, { status: 401 }),
  "JSON with escaped slashes": (shown) =>
    new Response(JSON.stringify({ error: shown }).replaceAll("/", "\\/"), { status: 200 }),
};

const calls: Readonly<Record<string, (fetch: typeof globalThis.fetch) => Promise<unknown>>> = {
  "a client secret": (fetch) => newTokenManager(base, new ClientSecret("an-id", secret), { fetch }).token(),
  "a workload token": (fetch) => newTokenManager(base, new WorkloadToken("an-id", () => secret), { fetch }).token(),
  "an access token": async (fetch) => await new AgentIdPClient(base, new AccessToken(secret), { fetch }).agents.list(),
  "an introspected token": async (fetch) =>
    await new AgentIdPClient(base, new AccessToken("other-token"), { fetch }).tokens.introspect(secret),
  "a set-up token": async (fetch) => await setUp(base, secret, {}, { fetch }),
  "a delegation token": (fetch) =>
    new AgentIdPClient(base, new ClientSecret("an-id", "another-secret"), { fetch }).actingFor(secret).accessToken(),
};

for (const [call, send] of Object.entries(calls))
  for (const [echo, answer] of Object.entries(echoes))
    test(`${call} that ${echo} repeats is in no error`, async () => {
      const fetch = async (input: string | URL | Request, init?: RequestInit) => {
        const request = new Request(input, init);
        const headers = [...request.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
        return answer(`${headers}\n${await request.text()}\n${secret}`);
      };
      const error = await send(fetch).then(
        () => assert.fail("it must be refused"),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof AgentIdPError);
      const printed = [
        inspect(error, { depth: 9 }),
        JSON.stringify(error),
        error.message,
        error.hint,
        error.oauthError,
      ];
      for (const shown of [...forms, basic, basic.replace(/=+$/, ""), basic.slice(4, -4)])
        assert.ok(!printed.join("\n").includes(shown), `${shown} in ${printed.join("\n")}`);
    });

test("a hint that only names the form of a secret stays whole", async () => {
  const hint =
    'Send a PEM that begins with -----BEGIN PRIVATE KEY----- as `key`, or {"token": "..."}, or sa_sec_ and so on.';
  const fetch = async () => Response.json({ code: "BAD", message: "Bad.", hint }, { status: 400 });
  const client = new AgentIdPClient(base, new AccessToken("token"), { fetch });
  await assert.rejects(async () => await client.agents.list(), { hint });
});

test("a private key in an answer is hidden, in each of its forms", async () => {
  const key = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v";
  for (const line of ["\n", "\r\n", "\\n", " "]) {
    const message = `Got -----BEGIN PRIVATE KEY-----${line}${key}${line}-----END PRIVATE KEY-----${line}here.`;
    const fetch = async () => Response.json({ code: "BAD", message }, { status: 400 });
    const client = new AgentIdPClient(base, new AccessToken("token"), { fetch });
    await assert.rejects(
      async () => await client.agents.list(),
      (error: Error) => !error.message.includes(key) && error.message.endsWith("here."),
    );
  }
});
