import assert from "node:assert/strict";
import { afterEach, it, mock } from "node:test";
import { Webhook } from "@sentryagent/idp-sdk/webhooks";
import { receive } from "../src/receive.js";

// Made with the standardwebhooks library.
const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const nowMs = 1_795_320_402_000;
const id = "01a2016f-5297-71f8-8dae-6e8741ab2836";
const body = Buffer.from(`{"id":"${id}","event":"from.this.test","timestamp":"2026-11-21T14:06:42.000Z","data":{}}`);
const headers = {
  "webhook-id": id,
  "webhook-timestamp": String(nowMs / 1000),
  "webhook-signature": "v1,l/xD3QzAP/ZaAog6whdM5PmNnM8HwBXyn92zPAdomDg=",
};
const webhook = new Webhook(secret, () => nowMs);

/** What is printed. */
function printed(): string[] {
  const lines: string[] = [];
  const keep = (...words: unknown[]) => void lines.push(words.join(" "));
  mock.method(console, "log", keep);
  mock.method(console, "error", keep);
  return lines;
}

afterEach(() => mock.restoreAll());

it("prints an event once, however often it comes", async () => {
  const lines = printed();
  assert.equal(await receive(webhook, body, headers), 204);
  assert.equal(await receive(webhook, body, headers), 204);
  assert.deepEqual(lines, ["from.this.test {}"]);
});

it("refuses another body, a missing header and an old delivery, and says why", async () => {
  const lines = printed();
  assert.equal(await receive(webhook, Buffer.from("{}"), headers), 401);
  assert.equal(await receive(webhook, body, {}), 401);
  assert.equal(await receive(new Webhook(secret, () => nowMs + 301_000), body, headers), 401);
  assert.equal(lines.length, 3);
  for (const line of lines) assert.match(line, /^Refused a delivery: /);
});
