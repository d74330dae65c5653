/**
 * The tokens of other issuers: what is accepted, what is ignored, and which member is at fault. Attack: a foreign
 * token whose header brings a key or an address of keys (`jwk`, `x5c`, `jku`, `x5u`).
 */
import { base64url, CompactSign, exportJWK, generateKeyPair, type JWTPayload } from "jose";
import { describe, expect, it } from "vitest";
import {
  foreignType,
  loggable,
  readForeignJws,
  timeAtFault,
  verifyForeignJws,
} from "../../../src/platform/crypto/foreign-jws.ts";

const encode = (value: unknown) => base64url.encode(typeof value === "string" ? value : JSON.stringify(value));
/** A token with a signature that is only bytes. */
const unsigned = (header: unknown, payload: unknown = { iss: "them" }) => `${encode(header)}.${encode(payload)}.AAAA`;

describe("reading a foreign token", () => {
  it.each(["Zm9v/YmFy+YmE=", "a@b", "../../jwks", "k' OR '1'='1", "", "\ud800", "k".repeat(256)])(
    "takes the kid %j",
    (kid) => expect(readForeignJws(unsigned({ alg: "RS256", kid }))).toMatchObject({ ok: true, header: { kid } }),
  );

  it.each<[object, object]>([
    [{ alg: "none" }, { header: "alg", received: "none" }],
    [{ alg: "HS256" }, { header: "alg", received: "HS256" }],
    [{}, { header: "alg", received: null }],
    [
      { alg: "RS256", typ: ["JWT"] },
      { header: "typ", received: ["JWT"] },
    ],
    [
      { alg: "RS256", kid: 7 },
      { header: "kid", received: "7" },
    ],
    [
      { alg: "RS256", kid: "k".repeat(257) },
      { header: "kid", received: "k".repeat(200) },
    ],
    [
      { alg: "RS256", crit: ["b64"], b64: false },
      { header: "crit", received: ["b64"] },
    ],
    [
      { alg: "RS256", b64: true },
      { header: "b64", received: "true" },
    ],
  ])("refuses the header %j, and names its member and the issuer", (header, fault) => {
    expect(readForeignJws(unsigned(header))).toEqual({ ok: false, fault, payload: { iss: "them" } });
  });

  it.each([
    ["a header that is no JSON", unsigned("{"), { iss: "them" }],
    ["a payload that is no object", unsigned({ alg: "RS256" }, "[1]"), null],
    ["no token", "x", null],
    ["an empty signature", `${encode({ alg: "RS256" })}.${encode({ iss: "them" })}.`, { iss: "them" }],
    ["no signature", `${encode({ alg: "RS256" })}.${encode({ iss: "them" })}`, { iss: "them" }],
    ["a segment too many", `${unsigned({ alg: "RS256" })}.AAAA`, { iss: "them" }],
  ])("%s has no member at fault", (_, token, payload) => {
    expect(readForeignJws(token)).toEqual({ ok: false, fault: {}, payload });
  });

  it("RFC 7515 4: jku, x5u, x5t, x5c and jwk are ignored; the key is the issuer's", async () => {
    const [theirs, attacker] = await Promise.all([generateKeyPair("ES256"), generateKeyPair("ES256")]);
    const brought = {
      alg: "ES256",
      ...{ jku: "https://evil.example/keys", x5u: "https://evil.example/cert", x5t: "AAAA", x5c: ["MIIB"] },
      jwk: await exportJWK(attacker.publicKey),
    };
    const sign = (key: CryptoKey) =>
      new CompactSign(new TextEncoder().encode('{"sub":"a"}')).setProtectedHeader(brought).sign(key);
    const verify = async (token: Promise<string>, alg = "ES256") =>
      verifyForeignJws(await token, { key: theirs.publicKey, alg });
    expect(await verify(sign(theirs.privateKey))).toEqual({ sub: "a" });
    expect(await verify(sign(attacker.privateKey))).toBeNull();
    expect(await verify(sign(theirs.privateKey), "ES384")).toBeNull();
  });
});

it.each([
  [undefined, "jwt"],
  ["JWT", "jwt"],
  ["jwt", "jwt"],
  ["application/JWT", "jwt"],
  ["JOSE", "jwt"],
  ["jose", "jwt"],
  ["at+jwt", "at+jwt"],
  ["Application/AT+JWT", "at+jwt"],
  ["JOSE+JSON", null],
  ["dpop+jwt", null],
  ["logout+jwt", null],
  ["", null],
])("typ %j says %j", (typ, kind) => {
  expect(foreignType({ alg: "RS256", ...(typ === undefined ? {} : { typ }) })).toBe(kind);
});

it.each<[JWTPayload, string | null, string | null]>([
  [{ exp: 1060 }, null, null],
  [{ exp: 941 }, null, null],
  [{ exp: 940 }, "token_expired", "exp"],
  [{}, "token_malformed", "exp"],
  [{ exp: "1060" as never }, "token_malformed", "exp"],
  [{ exp: 1060, nbf: null as never }, "token_malformed", "nbf"],
  [{ exp: 1060, iat: "0" as never }, "token_malformed", "iat"],
  [{ exp: 2000, nbf: 1060, iat: 1060 }, null, null],
  [{ exp: 2000, nbf: 1061 }, "token_not_yet_valid", "nbf"],
  [{ exp: 2000, iat: 1061 }, "token_not_yet_valid", "iat"],
])("at second 1000, %j is %s for its %s", (claims, reason, claim) => {
  const outcome = timeAtFault(claims, { nowMs: 1_000_000, skewSeconds: 60 });
  expect([outcome?.reason ?? null, outcome?.fault.claim ?? null]).toEqual([reason, claim]);
});

it.each<[unknown, unknown]>([
  [undefined, null],
  [null, "null"],
  ["\ud800", "\ufffd"],
  ["x".repeat(201), "x".repeat(200)],
  [
    ["a", 7],
    ["a", "7"],
  ],
  [Array(11).fill("a"), Array(10).fill("a")],
  [[["a"]], "[structure]"],
  [{ toString: 1 }, "[structure]"],
])("an event shows %j as %j", (value, shown) => {
  expect(loggable(value)).toEqual(shown);
});
