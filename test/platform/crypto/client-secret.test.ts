import { crc32 } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { newClientSecret } from "../../../src/platform/crypto/client-secret.ts";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

describe("a client secret", () => {
  it("has its prefix, 43 random characters and 6 check characters", () => {
    expect(newClientSecret()).toMatch(/^sa_sec_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/);
  });

  it("is never the same twice", () => {
    expect(new Set(Array.from({ length: 1000 }, newClientSecret)).size).toBe(1000);
  });

  it("ends with the CRC-32 of the rest in base62, as an independent reader computes it", () => {
    expect(crc32("123456789").toString(16)).toBe("cbf43926");
    for (let round = 0; round < 1000; round++) {
      const secret = newClientSecret();
      const value = [...secret.slice(-6)].reduce((sum, character) => sum * 62 + alphabet.indexOf(character), 0);
      expect(value).toBe(crc32(secret.slice(0, -6)));
    }
  });

  it.each([
    [() => 0, "sa_sec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA4gBvek"],
    [(place: number) => place, "sa_sec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh80VsnUT"],
    [() => 255, "sa_sec___________________________________________84EhXGz"],
  ])("is made of 32 random bytes (known answers)", (byteAt, secret) => {
    vi.spyOn(crypto, "getRandomValues").mockImplementation((bytes) => {
      (bytes as Uint8Array).forEach((_, place) => {
        (bytes as Uint8Array)[place] = byteAt(place);
      });
      return bytes;
    });
    expect(newClientSecret()).toBe(secret);
    vi.restoreAllMocks();
  });
});
