import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { parseKeyRing } from "../../../src/platform/crypto/key-ring.ts";
import { newKey, oldKey, ringOf } from "./_rings.ts";

const encoded = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const bytes = Uint8Array.from({ length: 32 }, (_, index) => index);

describe("a key ring", () => {
  it("keeps its keys in order, the first apart", () => {
    const ring = ringOf(newKey, oldKey);
    expect(ring.first.id).toBe("new");
    expect(ring.all.map((key) => key.id)).toEqual(["new", "old"]);
    expect(ring.find("old")?.bytes).toEqual(bytes);
    expect(ring.find("other")).toBeUndefined();
  });

  it.each([
    ["standard base64 with padding", `k:${btoa(String.fromCharCode(...bytes))}`],
    ["white space around entries", `\n  k:${encoded}  ,\n other:${newKey.slice(4)}\n`],
  ])("tolerates %s", (_, text) => {
    expect(parseKeyRing(text)?.find("k")?.bytes).toEqual(bytes);
  });

  it("reads + and / of standard base64 as - and _ of base64url", () => {
    const ones = new Uint8Array(32).fill(0xff);
    expect(parseKeyRing(`k:${"/".repeat(42)}8=`)?.first.bytes).toEqual(ones);
    expect(parseKeyRing(`k:${"_".repeat(42)}8`)?.first.bytes).toEqual(ones);
  });

  it.each([
    ["an empty text", ""],
    ["no id", encoded],
    ["an empty id", `:${encoded}`],
    ["an id of 33 characters", `${"k".repeat(33)}:${encoded}`],
    ["an id with other characters", `k.1:${encoded}`],
    ["31 bytes", `k:${encoded.slice(0, 42)}`],
    ["33 bytes", `k:${encoded}A`],
    ["stray bits in the last character", `k:${encoded.slice(0, 42)}9`],
    ["characters outside base64", `k:${encoded.slice(0, 42)}*`],
    ["white space inside", `k: ${encoded}`],
    ["two padding characters", `k:${encoded}==`],
    ["the same id twice", `${oldKey},${oldKey}`],
    ["an empty entry", `${oldKey},`],
    ["one malformed entry among good ones", `${oldKey},${newKey},x`],
  ])("is refused with %s", (_, text) => {
    expect(parseKeyRing(text)).toBeNull();
  });

  it("shows no secret in JSON or on the console", () => {
    const ring = ringOf(oldKey);
    expect(JSON.stringify(ring)).toBe('{"first":{"id":"old"},"all":[{"id":"old"}]}');
    const shown = inspect(ring, { depth: 10, showHidden: true });
    expect(shown).toContain("old");
    expect(shown).not.toMatch(/Uint8Array|30,\s*31/);
  });

  it("hands out copies of its bytes", () => {
    const { first } = ringOf(oldKey);
    first.bytes.fill(0);
    expect(first.bytes).toEqual(bytes);
  });
});
