import { z } from "@hono/zod-openapi";
import { CompactSign, generateKeyPair, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import openApi from "../../../sdk/openapi.json";
import {
  importVerificationKey,
  isUsablePublicJwk,
  jwkThumbprint,
  newAgentKeyPair,
  publicJwkSchema,
  verificationAlgs,
} from "../../../src/platform/crypto/jwk.ts";
import { verifyJws } from "../../../src/platform/crypto/jws.ts";
import { invalidPart } from "../../../src/platform/problems/issues.ts";
import type { FieldIssue } from "../../../src/platform/problems/problems.ts";
import { ecJwk, okpJwk, rsaJwk } from "./_vectors.ts";

const issues = (jwk: unknown) => {
  const body = { publicKeyJwk: jwk };
  const { error } = z.strictObject({ publicKeyJwk: publicJwkSchema }).safeParse(body);
  const refused = error && invalidPart({ error, target: "json", data: body });
  return (refused?.details?.issues ?? []) as FieldIssue[];
};
const paths = (jwk: unknown) => issues(jwk).map((issue) => issue.path);

/** The base64url of a big-endian number. */
const number = (value: bigint) => {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex").toString("base64url");
};
const bytes = (hex: string) => Buffer.from(hex, "hex").toString("base64url");

/** A key as a client sends it: what WebCrypto exports, in JSON. */
const onTheWire = async (key: CryptoKey) => JSON.parse(JSON.stringify(await crypto.subtle.exportKey("jwk", key)));

describe("a public JWK", () => {
  it.each([
    ["EC", ecJwk],
    ["OKP", okpJwk],
    ["RSA", rsaJwk],
  ])("%s is taken as it is", (_, jwk) => {
    expect(publicJwkSchema.parse(jwk)).toEqual(jwk);
  });

  it.each([
    [{ ...ecJwk, kid: "did:web:a.example#key-1", use: "sig", alg: "ES256" }],
    [{ ...okpJwk, alg: "EdDSA" }],
    [{ ...okpJwk, alg: "Ed25519" }],
    [{ ...rsaJwk, alg: "RS256" }],
    [{ ...rsaJwk, alg: "PS256" }],
    [{ ...rsaJwk, n: number((1n << 2047n) + 1n) }],
    [{ ...rsaJwk, n: number((1n << 4096n) - 1n) }],
  ])("keeps its labels", (jwk) => {
    expect(publicJwkSchema.parse(jwk)).toEqual(jwk);
  });

  it("drops what else it carries", () => {
    expect(publicJwkSchema.parse({ ...ecJwk, key_ops: ["verify"], ext: true, x5c: ["MII"], n: "AQAB" })).toEqual(ecJwk);
  });

  it.each(["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])(
    "with the private member %s is refused, without an echo",
    (member) => {
      const secret = "c2VjcmV0";
      const answer = issues({ ...ecJwk, [member]: secret });
      expect(answer).toEqual([
        {
          path: "publicKeyJwk",
          message: `holds private members (${member}): a private key must never be sent; consider this one leaked and make another`,
        },
      ]);
    },
  );

  it("names every private member at once", async () => {
    const { privateJwk } = await newAgentKeyPair();
    expect(issues({ ...privateJwk, k: "AA" })[0]?.message).toMatch(/^holds private members \(d, k\): /);
    expect(JSON.stringify(issues(privateJwk))).not.toContain(privateJwk.d);
  });

  it.each([
    ["kty", { ...ecJwk, kty: "oct" }],
    ["kty", {}],
    ["", "text"],
    ["", null],
    ["", []],
    ["crv", { ...ecJwk, crv: "P-384" }],
    ["crv", { ...ecJwk, crv: "secp256k1" }],
    ["crv", { ...okpJwk, crv: "X25519" }],
    ["x", { ...ecJwk, x: undefined }],
    ["x", { ...ecJwk, x: `${ecJwk.x}=` }],
    ["x", { ...ecJwk, x: `${ecJwk.x.slice(0, -1)}V` }],
    ["x", { ...ecJwk, x: ecJwk.x.slice(1) }],
    ["x", { ...ecJwk, x: `A${ecJwk.x}` }],
    ["y", { ...ecJwk, y: 1 }],
    ["x", { ...okpJwk, x: `${okpJwk.x}A` }],
    ["use", { ...ecJwk, use: "enc" }],
    ["alg", { ...ecJwk, alg: "RS256" }],
    ["alg", { ...okpJwk, alg: "ES256" }],
    ["alg", { ...rsaJwk, alg: "RSA-OAEP" }],
    ["alg", { ...rsaJwk, alg: "RS512" }],
    ["alg", { ...ecJwk, alg: "none" }],
    ["kid", { ...ecJwk, kid: "a b" }],
    ["kid", { ...ecJwk, kid: "k".repeat(257) }],
    ["n", { ...rsaJwk, n: number((1n << 2047n) - 1n) }],
    ["n", { ...rsaJwk, n: number((1n << 4096n) + 1n) }],
    ["n", { ...rsaJwk, n: number(1n << 2047n) }],
    ["n", { ...rsaJwk, n: `AA${rsaJwk.n}` }],
    ["n", { ...rsaJwk, n: "" }],
    ["n", { ...rsaJwk, n: "A".repeat(100_000) }],
    ["e", { ...rsaJwk, e: "Aw" }],
    ["e", { ...rsaJwk, e: number(65_535n) }],
    ["e", { ...rsaJwk, e: number(65_538n) }],
    ["e", { ...rsaJwk, e: number((1n << 32n) + 1n) }],
    ["e", { ...rsaJwk, e: "AQAB=" }],
    ["e", { ...rsaJwk, e: "AAEAAQ" }],
  ])("with a wrong %j is refused: %#", (member, jwk) => {
    expect(paths(jwk)).toEqual([member === "" ? "publicKeyJwk" : `publicKeyJwk.${member}`]);
  });

  it("is described in the OpenAPI document, without private members", () => {
    const { schemas } = openApi.components;
    expect(Object.keys(schemas.PublicKeyJwk.properties)).toEqual([
      "kty",
      "crv",
      "x",
      "y",
      "n",
      "e",
      "kid",
      "use",
      "alg",
    ]);
    expect(schemas.PublicKeyJwk.required).toEqual(["kty"]);
    expect(schemas.KeyType.enum).toEqual(["EC", "OKP", "RSA"]);
    for (const schema of [schemas.CreateAgent, schemas.ChangeAgent]) {
      expect(Object.keys(schema.properties)).toContain("publicKeyJwk");
      expect("required" in schema ? schema.required : []).not.toContain("publicKeyJwk");
    }
  });
});

describe("the algorithms of a key", () => {
  it.each([
    [ecJwk, ["ES256"]],
    [okpJwk, ["EdDSA", "Ed25519"]],
    [rsaJwk, ["RS256", "PS256"]],
    [{ ...rsaJwk, alg: "PS256" } as const, ["PS256"]],
    [{ ...okpJwk, alg: "EdDSA" } as const, ["EdDSA", "Ed25519"]],
  ])("%# are those of its kind, or the one that it names", (jwk, algs) => {
    expect(verificationAlgs(jwk)).toEqual(algs);
  });

  it.each([
    [ecJwk, "RS256"],
    [ecJwk, "HS256"],
    [ecJwk, "none"],
    [rsaJwk, "RS512"],
    [{ ...rsaJwk, alg: "PS256" } as const, "RS256"],
  ])("%# and no other", async (jwk, alg) => {
    await expect(importVerificationKey(jwk, alg)).rejects.toThrow(TypeError);
  });

  it.each(["ES256", "EdDSA", "Ed25519", "RS256", "PS256"])(
    "%s verifies what jose signed, by the key as WebCrypto exports it",
    async (alg) => {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const jwk = publicJwkSchema.parse(await onTheWire(publicKey));
      expect(verificationAlgs(jwk)).toContain(alg);
      expect(await isUsablePublicJwk(jwk)).toBe(true);
      const token = await new CompactSign(new TextEncoder().encode("{}")).setProtectedHeader({ alg }).sign(privateKey);
      expect(await verifyJws(token, { key: await importVerificationKey(jwk, alg), alg, typ: null })).toEqual({});
    },
  );

  it("RFC 9864 2.2: EdDSA and Ed25519 are two names of one algorithm", async () => {
    for (const named of ["EdDSA", "Ed25519"] as const) {
      for (const alg of ["EdDSA", "Ed25519"]) {
        const key = await importVerificationKey({ ...okpJwk, alg: named }, alg);
        expect(key.algorithm.name).toBe("Ed25519");
      }
    }
  });

  it("imports keys that only verify", async () => {
    const key = await importVerificationKey(ecJwk, "ES256");
    expect(key.usages).toEqual(["verify"]);
    expect(key.type).toBe("public");
  });
});

describe("a usable key", () => {
  it.each([
    ["EC", ecJwk],
    ["OKP", okpJwk],
    ["RSA", rsaJwk],
  ])("%s of the RFCs is one", async (_, jwk) => {
    expect(await isUsablePublicJwk(jwk)).toBe(true);
  });

  it.each([
    ["a P-256 point that is not on the curve", { ...ecJwk, y: ecJwk.x }],
    ["the P-256 point 0, 0", { ...ecJwk, x: "A".repeat(43), y: "A".repeat(43) }],
    ["P-256 coordinates beyond the field", { ...ecJwk, x: bytes("ff".repeat(32)) }],
  ])("is not %s", async (_, jwk) => {
    expect(publicJwkSchema.parse(jwk)).toEqual(jwk);
    expect(await isUsablePublicJwk(jwk)).toBe(false);
  });

  // The list of "Taming the many EdDSAs" (2020), table 6: points of small order, and other spellings of them.
  it.each([
    ["0100000000000000000000000000000000000000000000000000000000000000"],
    ["0100000000000000000000000000000000000000000000000000000000000080"],
    ["ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"],
    ["0000000000000000000000000000000000000000000000000000000000000000"],
    ["0000000000000000000000000000000000000000000000000000000000000080"],
    ["c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
    ["c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"],
    ["26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
    ["edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"],
    // y = 2: no point of the curve has it.
    ["0200000000000000000000000000000000000000000000000000000000000000"],
  ])("is not the Ed25519 point %s", async (hex) => {
    expect(await isUsablePublicJwk({ ...okpJwk, x: bytes(hex) })).toBe(false);
  });

  it("is every Ed25519 key that is made properly", async () => {
    for (let round = 0; round < 50; round++) {
      const { publicKey } = await generateKeyPair("Ed25519", { extractable: true });
      const jwk = publicJwkSchema.parse(await onTheWire(publicKey));
      expect(await isUsablePublicJwk(jwk)).toBe(true);
    }
  });
});

describe("the thumbprint of a key", () => {
  it("RFC 7638 3.1: the example of the RFC", async () => {
    const jwk = publicJwkSchema.parse({
      kty: "RSA",
      n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
      e: "AQAB",
      kid: "2011-04-29",
    });
    expect(await jwkThumbprint(jwk)).toBe("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  });

  it("RFC 8037 A.3: the example of the RFC", async () => {
    expect(await jwkThumbprint(okpJwk)).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  });
});

describe("a key made for an agent", () => {
  it("has a public part that registers as it is, and a private part that signs for it", async () => {
    const { publicJwk, privateJwk } = await newAgentKeyPair();
    expect(publicJwkSchema.parse(publicJwk)).toEqual(publicJwk);
    expect(privateJwk).toEqual({ ...publicJwk, d: privateJwk.d });
    expect(privateJwk.d).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const token = await new CompactSign(new TextEncoder().encode('{"sub":"a"}'))
      .setProtectedHeader({ alg: "ES256" })
      .sign(await importJWK({ ...privateJwk }, "ES256"));
    const key = await importVerificationKey(publicJwk, "ES256");
    expect(await verifyJws(token, { key, alg: "ES256", typ: null })).toEqual({ sub: "a" });
  });
});
