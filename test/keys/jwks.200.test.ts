/** GET /.well-known/jwks.json: what it says, how it is cached, and that nothing wrong ever comes out of it. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { keySet, rotateSigningKeys } from "../../src/keys/service.ts";
import { type Body, call } from "../support/api.ts";
import { addOperator, admin, bindings, direct, keyRows, startOver } from "./_direct.ts";

const path = "/.well-known/jwks.json";

beforeEach(startOver);

describe("the key set", () => {
  it("RFC 7517 5: is exactly { keys } with the next and the current keys, and only their public members", async () => {
    const { status, body, headers } = await call(path);
    expect(status).toBe(200);
    expect(headers.get("Content-Type")).toMatch(/^application\/json/);
    expect(Object.keys(body)).toEqual(["keys"]);
    const rows = await keyRows();
    expect(body.keys.map(({ kid }: Body) => kid).sort()).toEqual(rows.map(({ id }) => id).sort());
    for (const key of body.keys) {
      const { state: _, ...jwk } = key;
      expect(jwk).toEqual(
        key.kty === "EC"
          ? {
              kty: "EC",
              crv: "P-256",
              x: expect.any(String),
              y: expect.any(String),
              kid: key.kid,
              alg: "ES256",
              use: "sig",
            }
          : { kty: "RSA", n: expect.any(String), e: "AQAB", kid: key.kid, alg: "RS256", use: "sig" },
      );
      expect(key.kid).toBe(await calculateJwkThumbprint(key, "sha256"));
    }
  });

  it("has the previous keys too after a rotation", async () => {
    await addOperator();
    const before = (await call(path)).body.keys;
    await rotateSigningKeys(direct(), admin, { compromised: false });
    const after = (await call(path)).body.keys;
    expect(after).toHaveLength(6);
    expect(after).toEqual(expect.arrayContaining(before));
  });

  it("has no key that was dropped as compromised", async () => {
    await addOperator();
    const before = (await call(path)).body.keys.map(({ kid }: Body) => kid);
    await rotateSigningKeys(direct(), admin, { compromised: true });
    const after = (await call(path)).body.keys.map(({ kid }: Body) => kid);
    expect(after).toHaveLength(4);
    expect(after.filter((kid: string) => before.includes(kid))).toHaveLength(2);
  });
});

describe("caching", () => {
  it("may be kept for five minutes by anybody, and read by scripts of any origin", async () => {
    const { headers } = await call(path, { headers: { Origin: "https://app.example" } });
    expect(headers.get("Cache-Control")).toBe("public, max-age=300");
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(headers.get("ETag")).toMatch(/^"[0-9a-f]{64}"$/);
  });

  it.each([
    ["the tag", (tag: string) => tag],
    ["the tag, weakened by a proxy", (tag: string) => `W/${tag}`],
    ["the tag among others", (tag: string) => `"other", ${tag}`],
    ["any", () => "*"],
  ])("RFC 9110 13.1.2: answers 304 without a body to If-None-Match with %s", async (_, spelled) => {
    const tag = (await call(path)).headers.get("ETag")!;
    const { status, text, headers } = await call(path, { headers: { "If-None-Match": spelled(tag) } });
    expect(status).toBe(304);
    expect(text).toBe("");
    expect(headers.get("ETag")).toBe(tag);
    expect(headers.get("Cache-Control")).toBe("public, max-age=300");
  });

  it("answers 200 with another tag once the keys have changed", async () => {
    await addOperator();
    const tag = (await call(path)).headers.get("ETag")!;
    await rotateSigningKeys(direct(), admin, { compromised: false });
    const { status, headers } = await call(path, { headers: { "If-None-Match": tag } });
    expect(status).toBe(200);
    expect(headers.get("ETag")).not.toBe(tag);
  });
});

describe("what comes out of KV", () => {
  const foreignKey = async (): Promise<JWK> => {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(privateKey);
    return { ...jwk, kid: await calculateJwkThumbprint(jwk, "sha256"), alg: "ES256", use: "sig" };
  };

  it("is put there by the first request", async () => {
    const { body } = await call(path);
    expect(await bindings.CACHE.get("jwks", "json")).toEqual(body);
  });

  it.each<[string, () => Promise<string>]>([
    ["no JSON", async () => "<html>"],
    ["null", async () => "null"],
    ["no keys", async () => '{"keys":[]}'],
    ["a list", async () => "[]"],
    ["a private key", async () => JSON.stringify({ keys: [await foreignKey()] })],
    [
      "a key under another key's id",
      async () => {
        const { d: _, ...jwk } = await foreignKey();
        return JSON.stringify({ keys: [{ ...jwk, kid: (await keyRows())[0]!.id }] });
      },
    ],
    ["a symmetric key", async () => '{"keys":[{"kty":"oct","k":"AAAA","kid":"a","alg":"HS256","use":"sig"}]}'],
    ["another member", async () => JSON.stringify({ ...(await keySet(direct())), issuer: "https://evil.example" })],
  ])("is not served, and is replaced, when it is %s", async (_, poison) => {
    const { body } = await call(path);
    await bindings.CACHE.put("jwks", await poison());
    expect((await call(path)).body).toEqual(body);
    expect(await bindings.CACHE.get("jwks", "json")).toEqual(body);
  });

  it("is not needed: without KV, D1 answers", async () => {
    const { body } = await call(path);
    const broken = {
      get: () => Promise.reject(new Error("KV GET failed: 500")),
      put: () => Promise.reject(new Error("KV PUT failed: 500")),
    };
    const context = direct({ CACHE: broken as unknown as KVNamespace });
    expect(await keySet(context)).toEqual(body);
    await context.settled();
  });
});
