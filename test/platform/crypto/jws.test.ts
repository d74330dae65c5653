import fc from "fast-check";
import { base64url, CompactSign, exportJWK, generateKeyPair, type JWK } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { importVerificationKey } from "../../../src/platform/crypto/jwk.ts";
import { checkTimes, readJws, verifyJws } from "../../../src/platform/crypto/jws.ts";
import { changedInOnePlace } from "./_mutations.ts";
import { claims, ecJwk, es256Token, hs256Token, rs256Token, rsaJwk, unsecuredToken } from "./_vectors.ts";

const encode = (value: unknown) => base64url.encode(typeof value === "string" ? value : JSON.stringify(value));
/** A token with a signature that is only bytes. */
const unsigned = (header: unknown, payload: unknown = { sub: "a" }) => `${encode(header)}.${encode(payload)}.AAAA`;

let pair: CryptoKeyPair;
beforeAll(async () => {
  pair = (await generateKeyPair("ES256")) as CryptoKeyPair;
});

const signed = (header: Record<string, unknown>, payload: unknown = { sub: "a" }) =>
  new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "ES256", ...header })
    .sign(pair.privateKey);

describe("reading a token", () => {
  it("answers with its header and claims, unverified", () => {
    const token = unsigned({ alg: "ES256", typ: "at+jwt", kid: "key-1", other: 1 }, { sub: "a" });
    expect(readJws(token)).toEqual({
      header: { alg: "ES256", typ: "at+jwt", kid: "key-1", other: 1 },
      payload: { sub: "a" },
    });
  });

  it.each([
    ["RFC 7515 A.1: HS256, algorithm confusion", hs256Token],
    ["RFC 7515 A.5: none, nobody signed it", unsecuredToken],
    ["none with some signature", unsigned({ alg: "none" })],
    ["none in other letters", unsigned({ alg: "nOnE" })],
    ["HS512", unsigned({ alg: "HS512" })],
    ["HS256 in other letters", unsigned({ alg: "hs256" })],
    ["no alg", unsigned({ typ: "JWT" })],
    ["an empty alg", unsigned({ alg: "" })],
    ["an alg that is no text", unsigned({ alg: ["ES256"] })],
    ["jwk, a key in the token", unsigned({ alg: "ES256", jwk: ecJwk })],
    ["jku, a URL of keys", unsigned({ alg: "ES256", jku: "https://evil.example/jwks" })],
    ["x5u, a URL of a certificate", unsigned({ alg: "ES256", x5u: "https://evil.example/cert" })],
    ["x5c, a certificate in the token", unsigned({ alg: "ES256", x5c: ["MIIB"] })],
    ["a refused member that is null", unsigned({ alg: "ES256", jwk: null })],
    ["crit", unsigned({ alg: "ES256", crit: ["exp"] })],
    ["b64", unsigned({ alg: "ES256", b64: true })],
    ["a typ that is no text", unsigned({ alg: "ES256", typ: 1 })],
    ["a kid that is no text", unsigned({ alg: "ES256", kid: 1 })],
    ["an empty kid", unsigned({ alg: "ES256", kid: "" })],
    ["a kid with a path", unsigned({ alg: "ES256", kid: "../../etc/passwd" })],
    ["a kid with SQL", unsigned({ alg: "ES256", kid: "k' OR '1'='1" })],
    ["a kid with a line break at its end", unsigned({ alg: "ES256", kid: "k\n" })],
    ["a kid of 257 characters", unsigned({ alg: "ES256", kid: "k".repeat(257) })],
    ["a header that is an array", unsigned([])],
    ["a header that is null", unsigned("null")],
    ["a header that is no JSON", unsigned("{alg:ES256}")],
    ["a header that is no UTF-8", `${base64url.encode(new Uint8Array([0x7b, 0xff, 0x7d]))}.e30.AAAA`],
    ["a header with a byte order mark", unsigned('\ufeff{"alg":"ES256"}')],
    ["a payload that is no object", unsigned({ alg: "ES256" }, "[1]")],
    ["a payload that is no JSON", unsigned({ alg: "ES256" }, "payload")],
    ["an empty text", ""],
    ["one segment", "eyJhbGciOiJFUzI1NiJ9"],
    ["two segments", "eyJhbGciOiJFUzI1NiJ9.e30"],
    ["four segments", `${es256Token}.AAAA`],
    ["five segments, as a JWE", `${es256Token}.AAAA.AAAA`],
    ["an empty header", ".e30.AAAA"],
    ["an empty payload", "eyJhbGciOiJFUzI1NiJ9..AAAA"],
    ["an empty signature", "eyJhbGciOiJFUzI1NiJ9.e30."],
    ["padding", `${es256Token}==`],
    ["white space before", ` ${es256Token}`],
    ["a line break after", `${es256Token}\n`],
    ["white space inside", es256Token.replace(".", ". ")],
    ["stray bits in the last character of the signature", `${es256Token.slice(0, -1)}R`],
    ["stray bits in the last character of the header", "eyJhbGciOiJFUzI1NiJ9IB.e30.AAAA"],
    ["standard base64", "eyJhbGciOiJFUzI1NiJ9.e30.+/+/"],
    ["more than 16 KiB", unsigned({ alg: "ES256" }, { a: "a".repeat(16 * 1024) })],
  ])("refuses %s", (_, token) => {
    expect(readJws(token)).toBeNull();
  });

  it.each(["key-1", "did:web:idp.example.com:agents:0199#key-1", "did%3Aweb", "k".repeat(256)])(
    "takes the kid %s",
    (kid) => {
      expect(readJws(unsigned({ alg: "ES256", kid }))?.header.kid).toBe(kid);
    },
  );

  it("never throws, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(readJws(text)).toBeNull();
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (header, payload) => void readJws(unsigned(header, payload))),
    );
  });
});

describe("verifying a token", () => {
  it("RFC 7515 A.3: ES256", async () => {
    const key = await importVerificationKey(ecJwk, "ES256");
    expect(await verifyJws(es256Token, { key, alg: "ES256", typ: null })).toEqual(claims);
  });

  it("RFC 7515 A.2: RS256", async () => {
    const key = await importVerificationKey(rsaJwk, "RS256");
    expect(await verifyJws(rs256Token, { key, alg: "RS256", typ: null })).toEqual(claims);
  });

  it("refuses the alg of the header where it is not the key's", async () => {
    const key = await importVerificationKey(rsaJwk, "PS256");
    expect(await verifyJws(rs256Token, { key, alg: "PS256", typ: null })).toBeNull();
    expect(await verifyJws(es256Token, { key: pair.publicKey, alg: "ES384", typ: null })).toBeNull();
  });

  it("refuses another key's signature", async () => {
    expect(await verifyJws(es256Token, { key: pair.publicKey, alg: "ES256", typ: null })).toBeNull();
  });

  it("refuses what reading refuses, though its signature is right", async () => {
    const expected = { key: pair.publicKey, alg: "ES256", typ: null };
    expect(await verifyJws(await signed({ kid: "k" }), expected)).toEqual({ sub: "a" });
    expect(await verifyJws(await signed({ kid: "a/b" }), expected)).toBeNull();
    expect(await verifyJws(await signed({ jwk: ecJwk }), expected)).toBeNull();
    expect(await verifyJws(await signed({}, ["a"]), expected)).toBeNull();
  });

  it("refuses the token changed in any single place", async () => {
    const token = await signed({ typ: "at+jwt", kid: "key-1" }, { sub: "a", exp: 1 });
    await fc.assert(
      fc.asyncProperty(changedInOnePlace(token), async (changed) => {
        expect(await verifyJws(changed, { key: pair.publicKey, alg: "ES256", typ: "at+jwt" })).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["at+jwt", "at+jwt"],
    ["AT+JWT", "at+jwt"],
    ["application/at+jwt", "at+jwt"],
    ["Application/AT+JWT", "at+jwt"],
    ["at+jwt", "application/at+jwt"],
    ["JWT", "jwt"],
  ])("RFC 7515 4.1.9: typ %s is %s", async (typ, expected) => {
    expect(await verifyJws(await signed({ typ }), { key: pair.publicKey, alg: "ES256", typ: expected })).toEqual({
      sub: "a",
    });
  });

  it.each([
    [{}],
    [{ typ: "JWT" }],
    [{ typ: "at+jwt " }],
    [{ typ: "text/at+jwt" }],
    [{ typ: "application/application/at+jwt" }],
    [{ typ: "" }],
  ])("RFC 8725 3.11: a header of %j is no at+jwt", async (header) => {
    expect(await verifyJws(await signed(header), { key: pair.publicKey, alg: "ES256", typ: "at+jwt" })).toBeNull();
  });

  it.each([
    ["EdDSA", "EdDSA"],
    ["EdDSA", "Ed25519"],
    ["Ed25519", "EdDSA"],
    ["Ed25519", "Ed25519"],
  ])("RFC 9864 2.2: a key of the algorithm %s verifies a token of %s", async (named, alg) => {
    const { publicKey, privateKey } = await generateKeyPair("Ed25519", { extractable: true });
    const { kty, crv, x } = await exportJWK(publicKey);
    const key = { kty, crv, x, alg: named } as JWK;
    const sign = (by: CryptoKey) =>
      new CompactSign(new TextEncoder().encode('{"sub":"a"}')).setProtectedHeader({ alg }).sign(by);
    expect(await verifyJws(await sign(privateKey), { key, alg, typ: null })).toEqual({ sub: "a" });
    const other = await generateKeyPair("Ed25519");
    expect(await verifyJws(await sign(other.privateKey), { key, alg, typ: null })).toBeNull();
  });

  it("throws on a key that cannot verify the algorithm", async () => {
    const key = await importVerificationKey(rsaJwk, "RS256");
    await expect(verifyJws(es256Token, { key, alg: "ES256", typ: null })).rejects.toThrow(TypeError);
  });
});

describe("the times of a token", () => {
  const nowMs = 1_000_000_000;
  const now = nowMs / 1000;
  const at = (claims: object, skewSeconds = 0) => checkTimes({ ...claims }, { nowMs, skewSeconds });

  it("RFC 7519 4.1.4: exp is the first moment at which it is dead", () => {
    expect(at({ exp: now + 0.001 })).toBe("ok");
    expect(at({ exp: now })).toBe("expired");
    expect(at({ exp: now - 4 }, 5)).toBe("ok");
    expect(at({ exp: now - 5 }, 5)).toBe("expired");
  });

  it("RFC 7519 4.1.5: nbf is the first moment at which it lives", () => {
    const exp = now + 60;
    expect(at({ exp, nbf: now })).toBe("ok");
    expect(at({ exp, nbf: now + 1 })).toBe("not_yet_valid");
    expect(at({ exp, nbf: now + 5 }, 5)).toBe("ok");
    expect(at({ exp, nbf: now + 6 }, 5)).toBe("not_yet_valid");
  });

  it.each([
    [{}],
    [{ exp: null }],
    [{ exp: "1000060" }],
    [{ exp: Number.POSITIVE_INFINITY }],
    [{ exp: Number.NaN }],
    [{ exp: now + 60, nbf: "0" }],
    [{ exp: now + 60, nbf: null }],
    [{ exp: now + 60, iat: "0" }],
    [{ exp: now + 60, iat: Number.NEGATIVE_INFINITY }],
  ])("refuses %o as malformed", (claims) => {
    expect(at(claims)).toBe("malformed");
  });
});
