import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseKeyRing } from "../../../src/platform/crypto/key-ring.ts";
import { open, seal, sealedPlace, whyNotOpened } from "../../../src/platform/crypto/sealing.ts";
import { changedInOnePlace } from "./_mutations.ts";
import { newKey, oldKey, ringOf } from "./_rings.ts";

const ring = ringOf(oldKey);
const text = fc.string({ unit: "grapheme" });

describe("a sealed value", () => {
  it("opens to what was sealed, in its own context", async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (plaintext, context) => {
        const sealed = await seal(ring, plaintext, context);
        expect(sealed).toMatch(/^v1\.old\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{22,}$/);
        expect(await open(ring, sealed, context)).toBe(plaintext);
      }),
    );
  });

  it("does not open in another context", async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (context, other) => {
        fc.pre(context !== other);
        expect(await open(ring, await seal(ring, "secret", context), other)).toBeNull();
      }),
    );
  });

  it("does not open when changed in a single place", async () => {
    const sealed = await seal(ring, "a secret text", "row/1");
    await fc.assert(
      fc.asyncProperty(changedInOnePlace(sealed), async (changed) => {
        expect(await open(ring, changed, "row/1")).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  it("is another one each time", async () => {
    expect(await seal(ring, "same", "row/1")).not.toBe(await seal(ring, "same", "row/1"));
  });

  it("keeps a leading byte order mark", async () => {
    expect(await open(ring, await seal(ring, "\ufefftext", "row/1"), "row/1")).toBe("\ufefftext");
  });

  it("NIST GCM: opens a value computed elsewhere", async () => {
    // AES-256-GCM by Python's `cryptography`, with the bytes 0..31 as key and 0..11 as IV.
    const sealed = "v1.old.AAECAwQFBgcICQoL.LGy5bKvFo3X-NvL57HUDXJeQRFrJGngimxFjbQ";
    expect(await open(ring, sealed, "row/1")).toBe("known answer");
  });
});

describe("a value that does not open", () => {
  it("names the key that it is sealed with, and says whether the list has it", async () => {
    const sealed = await seal(ring, "secret", "row/1");
    expect(whyNotOpened(ringOf(newKey), sealed)).toBe("it is sealed with old, which is not in the list");
    expect(whyNotOpened(ring, sealed)).toBe(
      "old has another value in the list than when it was sealed, or it was changed",
    );
    expect(whyNotOpened(ring, "v2.old")).toBe("it is malformed");
  });
});

it("a place is named as in the stored values", () => {
  expect(sealedPlace.signingKey("k")).toBe("signing-key:k");
  expect(sealedPlace.agentKey("k")).toBe("agent-key:k");
  expect(sealedPlace.webhookSecret("k")).toBe("webhook-secret:k");
});

describe("changing the key", () => {
  it("seals under the first key and opens under each", async () => {
    const before = await seal(ringOf(oldKey), "secret", "row/1");
    const between = ringOf(newKey, oldKey);
    expect(await open(between, before, "row/1")).toBe("secret");
    const after = await seal(between, "secret", "row/1");
    expect(before).toMatch(/^v1\.old\./);
    expect(after).toMatch(/^v1\.new\./);
    expect(await open(ringOf(newKey), after, "row/1")).toBe("secret");
    expect(await open(ringOf(newKey), before, "row/1")).toBeNull();
  });

  it("does not open under another key of the same id", async () => {
    const sealed = await seal(ringOf(oldKey), "secret", "row/1");
    expect(await open(ringOf(newKey.replace("new:", "old:")), sealed, "row/1")).toBeNull();
  });

  it("does not open under another id of the same key", async () => {
    const sealed = await seal(ringOf(oldKey), "secret", "row/1");
    const renamed = ringOf(oldKey.replace("old:", "abc:"));
    expect(await open(renamed, sealed.replace(".old.", ".abc."), "row/1")).toBeNull();
  });
});

it.each([
  "",
  "v1",
  "v1.old",
  "v1.old.AAAA.AAAA",
  "v2.old.AAECAwQFBgcICQoL.AAAAAAAAAAAAAAAAAAAAAA",
  "v1..AAECAwQFBgcICQoL.AAAAAAAAAAAAAAAAAAAAAA",
])("%j is no sealed value", async (malformed) => {
  expect(await open(ring, malformed, "row/1")).toBeNull();
});

it("a ring that was parsed twice opens the same values", async () => {
  const sealed = await seal(ring, "secret", "row/1");
  const again = parseKeyRing(oldKey);
  expect(again && (await open(again, sealed, "row/1"))).toBe("secret");
});
