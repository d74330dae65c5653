/**
 * Attack: `alg: none`, HS256 with the public key, `alg` taken from the header, a `jwk` or `jku` header, a `kid` with a path
 * or SQL: 401 at every route that takes an access token, and no look-up.
 */
import { decodeJwt, exportJWK, exportSPKI, generateKeyPair, importJWK, type JWTPayload } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Bindings } from "../../src/platform/env.ts";
import { type Body, call, newOrganization, type Organization } from "../support/api.ts";
import { getWith } from "../support/with-bindings.ts";
import { encoded, serviceKey, signedBy, signedByService, unsigned } from "./_forging.ts";
import { askWithToken, guarded } from "./_operations.ts";

interface Forgery {
  readonly name: string;
  readonly token: string;
  /** Whether it is refused for what its header says, before anybody looks anything up. */
  readonly byHeader: boolean;
}

let victim: Organization;
let claims: JWTPayload;
let forgeries: Forgery[];

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Every way in which a public key may be written down, and so be "the secret" of an HMAC. */
async function writtenDown(jwk: Body): Promise<[string, Uint8Array][]> {
  const key = (await importJWK(jwk, jwk.alg, { extractable: true })) as CryptoKey;
  const spki = await exportSPKI(key);
  const der = new Uint8Array((await crypto.subtle.exportKey("spki", key)) as ArrayBuffer);
  const raw = jwk.kty === "EC" ? ((await crypto.subtle.exportKey("raw", key)) as ArrayBuffer) : der.buffer;
  return [
    ["its PEM", utf8(spki)],
    ["its PEM without the last line break", utf8(spki.trim())],
    ["its DER", der],
    ["its raw bytes", new Uint8Array(raw as ArrayBuffer)],
    ["its JWK", utf8(JSON.stringify(jwk))],
    ["its JWK as jose exports it", utf8(JSON.stringify(await exportJWK(key)))],
  ];
}

async function forgeAll(): Promise<Forgery[]> {
  const { keys } = (await call("/.well-known/jwks.json")).body;
  const { kid } = await serviceKey();
  const own = keys.find((key: Body) => key.kid === kid);
  const rsa = keys.find((key: Body) => key.alg === "RS256");
  const mine = await generateKeyPair("ES256", { extractable: true });
  const mineRsa = await generateKeyPair("RS256");
  const jwk = await exportJWK(mine.publicKey);
  const typ = "at+jwt";
  const live = victim.token;
  const [header = "", payload = "", signature = ""] = live.split(".");
  const made: Forgery[] = [];
  const add = (name: string, token: string, byHeader: boolean) => made.push({ name, token, byHeader });

  for (const alg of ["none", "None", "NONE", "nOnE"]) {
    add(`alg ${alg}`, unsigned({ alg, typ, kid }, claims), true);
    add(`alg ${alg}, the live token's signature`, unsigned({ alg, typ, kid }, claims, signature), true);
    add(`alg ${alg}, an empty signature`, unsigned({ alg, typ, kid }, claims, ""), true);
    add(`alg ${alg}, no signature`, `${encoded({ alg, typ, kid })}.${encoded(claims)}`, true);
  }
  for (const alg of ["", undefined, null, 0, ["ES256"], { alg: "ES256" }]) {
    add(`alg ${JSON.stringify(alg)}`, unsigned({ alg, typ, kid }, claims, signature), true);
  }
  for (const [form, secret] of await writtenDown(own)) {
    add(`HS256 with the public key in ${form}`, await signedBy(secret, claims, { alg: "HS256", typ, kid }), true);
  }
  for (const [form, secret] of await writtenDown(rsa)) {
    const hmac = await signedBy(secret, claims, { alg: "HS256", typ, kid: rsa.kid });
    add(`HS256 with the RSA key in ${form}`, hmac, true);
  }
  add("HS512, live signature", unsigned({ alg: "HS512", typ, kid }, claims, signature), true);

  // The header's alg is not the key's (CVE-2026-22817): the key decides.
  add(
    "RS256 by another key, under the kid of ours",
    await signedBy(mineRsa.privateKey, claims, { alg: "RS256", typ, kid }),
    true,
  );
  for (const alg of ["PS256", "ES384", "EdDSA", "ES256K"]) {
    add(`the live signature under ${alg}`, `${encoded({ alg, typ, kid })}.${payload}.${signature}`, true);
  }
  const { key: rsaKey, kid: rsaKid } = await serviceKey("RS256");
  add("RS256 by our own key for id_tokens", await signedBy(rsaKey, claims, { alg: "RS256", typ, kid: rsaKid }), true);
  add(
    "ES256 by another key, under the kid of ours",
    await signedBy(mine.privateKey, claims, { alg: "ES256", typ, kid }),
    false,
  );
  add(
    "ES256 by another key, under the kid of the RSA key",
    await signedBy(mine.privateKey, claims, { alg: "ES256", typ, kid: rsaKid }),
    false,
  );
  add("ES256, a signature of zeros (CVE-2022-21449)", `${header}.${payload}.${"A".repeat(86)}`, false);

  // Signed by the service itself: what the header says is refused all the same.
  const odd: Record<string, Record<string, unknown>> = {
    "a jwk": { jwk },
    "a jku": { jku: "https://keys.example.com/jwks.json" },
    "an x5u": { x5u: "https://keys.example.com/cert.pem" },
    "an x5c": { x5c: ["MIIB"] },
    "a crit": { crit: ["exp"], exp: 1 },
    "no kid": { kid: undefined },
    "a kid of null": { kid: null },
    "a kid that is a number": { kid: 7 },
    "a kid that is a list": { kid: [kid] },
    "an empty kid": { kid: "" },
    "a kid with a path": { kid: "../../../../dev/null" },
    "a kid with another path": { kid: `../keys/${kid}` },
    "a kid that is a URL": { kid: "https://keys.example.com/1" },
    "a kid with SQL": { kid: "x' OR '1'='1" },
    "a kid with a UNION": { kid: "x' UNION SELECT 'AAAA" },
    "a kid with a command": { kid: "key | whoami" },
    "a kid with a NUL": { kid: `${kid}\u0000` },
    "a kid with a line break": { kid: `${kid}\r\nX-Evil: 1` },
    "a kid with a space behind": { kid: `${kid} ` },
    "a kid without end": { kid: "x".repeat(5000) },
  };
  for (const [name, extra] of Object.entries(odd)) {
    add(name, await signedByService(claims, extra), true);
    if ("jwk" in extra || "jku" in extra) {
      add(
        `${name}, by the key that it brings`,
        await signedBy(mine.privateKey, claims, { alg: "ES256", typ, kid, ...extra }),
        true,
      );
    }
  }
  add("a header twice, honest first", `${header.slice(0, -3)}.${payload}.${signature}`, true);
  add("a header that is a list", unsigned([{ alg: "ES256", typ, kid }] as never, claims, signature), true);
  add("the JSON serialization", btoa(JSON.stringify({ protected: header, payload, signature })), true);
  return made;
}

beforeAll(async () => {
  victim = await newOrganization();
  claims = decodeJwt(victim.token);
  forgeries = await forgeAll();
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a forged access token is refused at", () => {
  it.each(guarded)("$method $path", async (operation) => {
    const asked = vi.spyOn(globalThis, "fetch");
    const letIn: string[] = [];
    for (const { name, token } of forgeries) {
      const { status, body, headers } = await askWithToken(operation, token);
      const isRefused = status === 401 && body.code === "UNAUTHORIZED";
      if (!isRefused || !headers.get("WWW-Authenticate")?.startsWith("Bearer error=")) letIn.push(name);
    }
    expect(letIn).toEqual([]);
    expect(asked).not.toHaveBeenCalled();
  });

  it.each(["introspect", "revoke"])("POST /api/v1/token/%s, and what it would have done is not done", async (path) => {
    for (const { name, token } of forgeries) {
      const answer = await call(`/api/v1/token/${path}`, { token, form: { token: victim.token } });
      expect(answer.status, name).toBe(401);
    }
    expect((await call("/agent-info", { token: victim.token })).status).toBe(200);
  });

  // A look-up, and a second's wait for a key that another instance may have made a moment ago: not at every route.
  it.each(["A".repeat(43), "__proto__", "constructor"])(
    "GET /agent-info, under the kid %s that never was",
    async (kid) => {
      expect((await call("/agent-info", { token: await signedByService(claims, { kid }) })).status).toBe(401);
    },
  );

  it("while the token that they are made of is let in", async () => {
    expect((await call("/agent-info", { token: await signedByService(claims) })).status).toBe(200);
    expect(forgeries.length).toBeGreaterThan(60);
  });
});

describe("what the header gives away is refused without a look-up", () => {
  /** A binding that fails whoever touches it. */
  const untouchable = new Proxy(
    {},
    {
      get(_, name) {
        if (name === "then") return undefined;
        throw new Error(`looked up: ${String(name)}`);
      },
    },
  );
  const none = { DB: untouchable, CACHE: untouchable, ORG_LEDGER: untouchable } as unknown as Partial<Bindings>;

  it("neither in the database, nor in KV, nor in a ledger", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    for (const { name, token } of forgeries.filter(({ byHeader }) => byHeader)) {
      expect((await getWith(none, "/agent-info", token)).status, name).toBe(401);
    }
    expect(logged).not.toHaveBeenCalled();
    expect((await getWith(none, "/agent-info", victim.token)).status).not.toBe(200);
  });
});
