import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isClientSecret, newClientSecret } from "../../../src/platform/crypto/client-secret.ts";
import { changedInOnePlace } from "./mutations.ts";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

describe("a client secret", () => {
  it("has its prefix, 43 random characters and 6 check characters", () => {
    expect(newClientSecret()).toMatch(/^sa_sec_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/);
  });

  it("is never the same twice", () => {
    expect(new Set(Array.from({ length: 1000 }, newClientSecret)).size).toBe(1000);
  });

  it("is recognized by its form and checksum", () => {
    for (let round = 0; round < 1000; round++) expect(isClientSecret(newClientSecret())).toBe(true);
  });

  it("ends with the CRC-32 of the rest in base62, as an independent reader computes it", () => {
    expect(crc32("123456789").toString(16)).toBe("cbf43926");
    const secret = newClientSecret();
    const value = [...secret.slice(-6)].reduce((sum, character) => sum * 62 + alphabet.indexOf(character), 0);
    expect(value).toBe(crc32(secret.slice(0, -6)));
  });

  it.each([
    "sa_sec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA4gBvek",
    "sa_sec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh80VsnUT",
    "sa_sec___________________________________________84EhXGz",
  ])("%s is well formed (known answer)", (secret) => {
    expect(isClientSecret(secret)).toBe(true);
  });

  it("is not recognized when changed in a single place", () => {
    fc.assert(
      fc.property(fc.constant(0).map(newClientSecret).chain(changedInOnePlace), (changed) => {
        expect(isClientSecret(changed)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(["", "sa_sec_", `${newClientSecret()}\n`, ` ${newClientSecret()}`])("%j is none", (text) => {
    expect(isClientSecret(text)).toBe(false);
  });
});
