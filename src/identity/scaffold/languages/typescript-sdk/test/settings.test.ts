import assert from "node:assert/strict";
import { beforeEach, it } from "node:test";
import { run } from "../src/run.js";
import { delegatee, ownClient } from "../src/settings.js";

const settings = {
  AGENTIDP_API_URL: "https://idp.example.com",
  AGENTIDP_CLIENT_ID: "agent-1",
  AGENTIDP_CLIENT_SECRET: "sa_sec_for_this_test",
};

beforeEach(() => Object.assign(process.env, settings));

it("says which setting is missing, and where it belongs", () => {
  delete process.env.AGENTIDP_CLIENT_SECRET;
  assert.throws(ownClient, /AGENTIDP_CLIENT_SECRET is not set. Copy .env.example to .env/);
});

it("has a delegatee only with both of its settings", () => {
  process.env.DELEGATEE_CLIENT_ID = "agent-2";
  delete process.env.DELEGATEE_CLIENT_SECRET;
  assert.equal(delegatee(), undefined);
  process.env.DELEGATEE_CLIENT_SECRET = "sa_sec_for_this_test";
  assert.equal(delegatee()?.agentId, "agent-2");
});

it("says why a sign-in was refused and what to do, without the secret", async (context) => {
  const problem = { code: "UNAUTHORIZED", message: "The secret is wrong.", hint: "Make a new one.", requestId: "r-1" };
  context.mock.method(globalThis, "fetch", async () => Response.json(problem, { status: 401 }));
  const { mock: printed } = context.mock.method(console, "error", () => undefined);
  await run(async () => void (await ownClient().tokens.whoAmI()));
  process.exitCode = 0;
  const lines = printed.calls.map(({ arguments: [line] }) => line);
  assert.deepEqual(lines, ["401 UNAUTHORIZED. The secret is wrong.\nMake a new one.\nRequest id: r-1"]);
});

it("does not send a secret to another machine without TLS", () => {
  process.env.AGENTIDP_API_URL = "http://idp.example.com";
  assert.throws(ownClient, { kind: "Config" });
});
