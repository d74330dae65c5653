import assert from "node:assert/strict";
import { it } from "node:test";
import { keyOf, refusalOf } from "../src/signature.js";

// Made with the standardwebhooks library.
const key = keyOf("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
const nowSeconds = 1_795_320_402;
const body = Buffer.from('{"event":"agent.created"}');
const headers = {
  id: "01a2016f-5297-71f8-8dae-6e8741ab2836",
  timestamp: String(nowSeconds),
  signature: "v1,LVNfLfkLhPBY9r2XPa6Xtb8WukUE/vQsqhwnm8t2Yng=",
};

it("accepts a signature of the secret", () => {
  assert.equal(refusalOf(key, headers, body, nowSeconds), null);
});

it("accepts it beside that of another secret, during a rotation", () => {
  const signature = `v1,${"A".repeat(43)}= v2,x ${headers.signature}`;
  assert.equal(refusalOf(key, { ...headers, signature }, body, nowSeconds), null);
});

it("refuses another body, another id and another secret", () => {
  const refused = "no signature is of this secret";
  assert.equal(refusalOf(key, headers, Buffer.from("{}"), nowSeconds), refused);
  assert.equal(refusalOf(key, { ...headers, id: "other" }, body, nowSeconds), refused);
  assert.equal(refusalOf(Buffer.alloc(32), headers, body, nowSeconds), refused);
  assert.equal(refusalOf(key, { ...headers, signature: "v1," }, body, nowSeconds), refused);
});

it("refuses what was signed more than five minutes ago or ahead", () => {
  const refused = "it was not signed within the last five minutes";
  assert.equal(refusalOf(key, headers, body, nowSeconds + 301), refused);
  assert.equal(refusalOf(key, headers, body, nowSeconds - 301), refused);
  assert.equal(refusalOf(key, headers, body, nowSeconds + 300), null);
});

it("refuses a delivery without its headers", () => {
  assert.equal(refusalOf(key, { ...headers, id: "" }, body, nowSeconds), "a webhook- header is missing");
});

it("says what a secret looks like, and does not print it", () => {
  assert.throws(
    () => keyOf("whsec_short"),
    (error: Error) => /WEBHOOK_SECRET is not/.test(error.message) && !error.message.includes("short"),
  );
});
