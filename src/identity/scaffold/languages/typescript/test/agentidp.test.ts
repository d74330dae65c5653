import assert from "node:assert/strict";
import { afterEach, it, mock } from "node:test";
import { Refused, signIn, whoAmI } from "../src/agentidp.js";

const client = { apiUrl: "https://idp.example.com", clientId: "agent-1", clientSecret: "sa_sec_for_this_test" };

/** Answers in place of the network. */
const answer = (status: number, body: object) =>
  mock.method(globalThis, "fetch", async () => Response.json(body, { status }));

afterEach(() => mock.restoreAll());

it("signs in with the id and the secret, and with nothing in the URL", async () => {
  const { mock: sent } = answer(200, { access_token: "a.b.c" });
  assert.equal(await signIn(client, "delegations:write"), "a.b.c");
  const [url, init] = sent.calls[0]!.arguments as [string, RequestInit];
  assert.equal(url, "https://idp.example.com/api/v1/token");
  assert.equal(String(init.body), "grant_type=client_credentials&scope=delegations%3Awrite");
  assert.deepEqual(init.headers, { Authorization: "Basic YWdlbnQtMTpzYV9zZWNfZm9yX3RoaXNfdGVzdA==" });
});

it("calls the API with the token", async () => {
  const { mock: sent } = answer(200, { agentId: "agent-1" });
  assert.deepEqual(await whoAmI(client, "a.b.c"), { agentId: "agent-1" });
  const [url, init] = sent.calls[0]!.arguments as [string, RequestInit];
  assert.equal(url, "https://idp.example.com/agent-info");
  assert.deepEqual(init.headers, { Authorization: "Bearer a.b.c" });
});

it("says why it was refused and what to do, without the secret", async () => {
  answer(401, { code: "UNAUTHORIZED", message: "The secret is wrong.", hint: "Make a new one.", requestId: "r-1" });
  await assert.rejects(signIn(client), (error) => {
    assert.ok(error instanceof Refused);
    assert.equal(
      error.message,
      "The sign-in was refused: 401 UNAUTHORIZED. The secret is wrong.\nMake a new one.\nRequest id: r-1",
    );
    return true;
  });
});

it("says where to look when the answer comes from something else", async () => {
  for (const [body, status] of [
    ["<html>", 200],
    ["<html>", 502],
    ["{}", 200],
    ["{}", 400],
    ["", 200],
  ] as const) {
    mock.method(globalThis, "fetch", async () => new Response(body, { status }));
    await assert.rejects(signIn(client), new RegExp(`status ${status}.* Check AGENTIDP_API_URL`));
    mock.restoreAll();
  }
});
