import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { constantTimeEqual, hashSecret, hashUnderEach } from "../../../src/platform/crypto/keyed-hash.ts";
import { newKey, oldKey, ringOf } from "./_rings.ts";

describe("the keyed hash of a secret", () => {
  // HMAC pads a short key with zeros, so the RFC's keys fit a ring of 32 bytes each.
  it.each([
    ["4.2", "0b".repeat(20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
    [
      "4.3",
      "4a656665",
      "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
  ])("RFC 4231 %s", (_, key, secret, digest) => {
    const bytes = Buffer.from(key.padEnd(64, "0"), "hex");
    const { hash } = hashSecret(ringOf(`k:${bytes.toString("base64url")}`), secret);
    expect(Buffer.from(hash, "base64url").toString("hex")).toBe(digest);
  });

  it("is made under the first key, and looked for under each", () => {
    const before = hashSecret(ringOf(oldKey), "secret");
    const between = ringOf(newKey, oldKey);
    const hashes = hashUnderEach(between, "secret");
    expect(hashes).toEqual([hashSecret(between, "secret"), before]);
    expect(hashes.map(({ keyId }) => keyId)).toEqual(["new", "old"]);
  });

  it("differs for different secrets and different keys", () => {
    const hashes = [hashSecret(ringOf(oldKey), "a"), hashSecret(ringOf(oldKey), "b"), hashSecret(ringOf(newKey), "a")];
    expect(new Set(hashes.map(({ hash }) => hash)).size).toBe(3);
  });
});

describe("the constant-time comparison", () => {
  it("agrees with ===", () => {
    const text = fc.string({ unit: "grapheme" });
    fc.assert(fc.property(text, text, (a, b) => constantTimeEqual(a, b) === (a === b)));
    fc.assert(fc.property(text, (a) => constantTimeEqual(a, `${a}`)));
  });

  it.each([
    ["", ""],
    ["a", "a"],
  ])("%j equals %j", (a, b) => {
    expect(constantTimeEqual(a, b)).toBe(true);
  });

  it.each([
    ["", "a"],
    ["a", "aa"],
    ["abc", "abd"],
    ["abc", "ABC"],
  ])("%j does not equal %j", (a, b) => {
    expect(constantTimeEqual(a, b)).toBe(false);
  });
});
