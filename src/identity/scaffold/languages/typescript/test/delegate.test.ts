import assert from "node:assert/strict";
import { afterEach, it, mock } from "node:test";
import { lend } from "../src/lend.js";

const client = { apiUrl: "https://idp.example.com", clientId: "agent-1", clientSecret: "sa_sec_for_this_test" };
const loan = { delegateeAgentId: "agent-2", scopes: ["agents:read"], ttlSeconds: 300 };
const delegation = { chainId: "chain-1", delegationToken: "sa_del_x", expiresAt: "2030-01-01T00:00:00.000Z" };

/** Answers in place of the network; returns the calls. */
function answer(statusOfRevocation = 204): string[] {
  const calls: string[] = [];
  mock.method(globalThis, "fetch", async (url: string, init: RequestInit) => {
    calls.push(`${init.method} ${new URL(url).pathname}`);
    return init.method === "POST"
      ? Response.json(delegation, { status: 201 })
      : new Response(statusOfRevocation === 204 ? null : "{}", { status: statusOfRevocation });
  });
  return calls;
}

const both = ["POST /api/v1/oauth2/token/delegate", "DELETE /api/v1/oauth2/token/delegate/chain-1"];

afterEach(() => mock.restoreAll());

it("lends, works and revokes", async () => {
  const calls = answer();
  assert.equal(await lend(client, "a.b.c", loan, async ({ delegationToken }) => delegationToken), "sa_del_x");
  assert.deepEqual(calls, both);
});

it("revokes after an error of the work too, and throws that error", async () => {
  const calls = answer();
  const failure = new Error("the work failed");
  await assert.rejects(
    lend(client, "a.b.c", loan, () => Promise.reject(failure)),
    failure,
  );
  assert.deepEqual(calls, both);
});

it("says when the delegation ends by itself, where it could not be revoked", async () => {
  answer(503);
  await assert.rejects(
    lend(client, "a.b.c", loan, async () => "done"),
    /chain-1 could not be revoked. It ends at 2030-01-01T00:00:00.000Z/,
  );
});
