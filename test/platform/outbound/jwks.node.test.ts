import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { verifyForeignJws } from "../../../src/platform/crypto/foreign-jws.ts";
import { verifyJws } from "../../../src/platform/crypto/jws.ts";
import { findRemoteKey, type RemoteIssuer, type RemoteKeyContext } from "../../../src/platform/outbound/jwks.ts";
import { readKeySet } from "../../../src/platform/outbound/remote-key-set.ts";
import { byPath, type Handler, json, type StandIn, startStandIn } from "./_stand-in.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** As much of KV as is used: text by key. */
function memoryKv() {
  const entries = new Map<string, string>();
  const namespace = {
    get: async (key: string) => JSON.parse(entries.get(key) ?? "null"),
    put: async (key: string, value: string) => void entries.set(key, value),
  };
  return { entries, namespace: namespace as unknown as KVNamespace };
}

interface Pair {
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
  readonly alg: string;
}

async function newPair(kid: string, alg: string, options: Parameters<typeof generateKeyPair>[1] = {}): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, ...options });
  return { jwk: { ...(await exportJWK(publicKey)), kid, use: "sig", alg }, privateKey, alg };
}

let issuer: StandIn;
let es256: Pair;
let other: Pair;
let nowMs: number;
let kv: ReturnType<typeof memoryKv>;
let source: RemoteIssuer;

/** A context of one isolate; `anotherIsolate` has the same KV and a memory of its own. */
function contextWith(namespace: KVNamespace, ttlSeconds = 3600): RemoteKeyContext {
  return {
    env: { CACHE: namespace },
    settings: { environment: "development", dnsResolver: null, remoteJwksTtlSeconds: ttlSeconds },
    now: () => nowMs,
    defer: () => undefined,
    requestId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
  };
}
const anotherIsolate = () => contextWith({ ...kv.namespace } as KVNamespace);
let context: RemoteKeyContext;

const find = (header: { kid?: string; alg: string }, by = context) => findRemoteKey(by, source, header);
const known = () => find({ kid: "known", alg: "ES256" });
const fetches = () => issuer.requests.filter((path) => path === "/jwks").length;
const publish = (keys: unknown, headers: Record<string, string> = {}) => {
  issuer.handler = json({ keys }, headers);
};

const found = { ok: true, alg: "ES256" };
const noSuchKey = { ok: false, reason: "no_such_key" };
const unreachable = { ok: false, reason: "unreachable" };

beforeAll(async () => {
  issuer = await startStandIn(json({}));
  [es256, other] = await Promise.all([newPair("known", "ES256"), newPair("other", "ES256")]);
});
afterAll(() => issuer.close());

beforeEach(() => {
  vi.spyOn(console, "warn").mockReturnValue();
  nowMs = Date.UTC(2026, 10, 1);
  kv = memoryKv();
  context = contextWith(kv.namespace);
  source = { issuer: issuer.origin, jwksUri: `${issuer.origin}/jwks` };
  issuer.requests.length = 0;
  publish([es256.jwk]);
});

describe("finding a key", () => {
  it.each<[string, Parameters<typeof generateKeyPair>[1]]>([
    ["ES256", {}],
    ["ES384", {}],
    ["EdDSA", { crv: "Ed25519" }],
    ["Ed25519", {}],
    ["RS256", {}],
    ["RS384", {}],
    ["RS512", {}],
    ["PS256", {}],
  ])("verifies a token signed with %s", async (alg, options) => {
    const pair = await newPair("known", alg, options);
    publish([pair.jwk]);
    const token = await new SignJWT({ sub: "agent" }).setProtectedHeader({ alg, kid: "known" }).sign(pair.privateKey);
    const outcome = await find({ kid: "known", alg });
    if (!outcome.ok) throw new Error(outcome.reason);
    expect(await verifyJws(token, { key: outcome.key, alg: outcome.alg, typ: null })).toEqual({ sub: "agent" });
  });

  it.each([
    ["EdDSA", "Ed25519"],
    ["Ed25519", "EdDSA"],
  ])("RFC 9864 2.2: a key of %s verifies a token of %s", async (named, alg) => {
    const { jwk, privateKey } = await newPair("known", "Ed25519");
    publish([{ ...jwk, alg: named }]);
    const token = await new SignJWT({ sub: "agent" }).setProtectedHeader({ alg, kid: "known" }).sign(privateKey);
    const outcome = await find({ kid: "known", alg });
    if (!outcome.ok) throw new Error(outcome.reason);
    expect(await verifyForeignJws(token, outcome)).toEqual({ sub: "agent" });
  });

  it("without a kid, takes the only key of the algorithm", async () => {
    expect(await find({ alg: "ES256" })).toMatchObject(found);
    expect(await find({ alg: "RS256" })).toEqual(noSuchKey);
  });

  it("without a kid, takes none of several", async () => {
    publish([es256.jwk, other.jwk]);
    expect(await find({ alg: "ES256" })).toEqual(noSuchKey);
  });

  it("RFC 7517 4.5: a key that is listed twice is one key, also with and without its algorithm", async () => {
    const { alg: _, ...unnamed } = es256.jwk;
    for (const twin of [es256.jwk, unnamed, { ...unnamed, key_ops: ["verify"] }]) {
      publish([es256.jwk, twin]);
      const own = contextWith(memoryKv().namespace);
      expect(await find({ kid: "known", alg: "ES256" }, own)).toMatchObject(found);
      expect(await find({ alg: "ES256" }, own)).toMatchObject(found);
    }
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["a text", "key"],
    ["a list", []],
    ["an unknown kind of key (RFC 9964)", { kty: "AKP", kid: "known", alg: "ML-DSA-44", pub: "AAAA" }],
    ["a broken RSA key", { kty: "RSA", kid: "known", n: "!", e: 7 }],
    ["the same key with members of its own", { x5t: "AAAA", "https://example.com/note": {}, status: null }],
  ])("RFC 7517 5: %s in the set costs no other key", async (_, entry) => {
    publish([entry && typeof entry === "object" && "status" in entry ? { ...es256.jwk, ...entry } : entry, es256.jwk]);
    expect(await known()).toMatchObject(found);
  });

  it("a kid is compared, whatever its characters are", async () => {
    const kids = [
      "Zm9v/YmFy+YmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE=",
      "a@b",
      "../../etc/passwd",
      "k' OR '1'='1",
      "",
      "é😀",
    ];
    publish(await Promise.all(kids.map(async (kid) => (await newPair(kid, "ES256")).jwk)));
    for (const kid of kids) expect(await find({ kid, alg: "ES256" }), kid).toMatchObject(found);
    expect(await find({ kid: "a%40b", alg: "ES256" })).toEqual(noSuchKey);
  });

  it("keys that are given are used as they are, and nothing is fetched", async () => {
    const jwks = { keys: readKeySet({ keys: [es256.jwk] }) ?? [] };
    const given = { issuer: "https://kubernetes.default.svc", jwks };
    expect(await findRemoteKey(context, given, { kid: "known", alg: "ES256" })).toMatchObject(found);
    expect(await findRemoteKey(context, given, { kid: "other", alg: "ES256" })).toEqual(noSuchKey);
    expect(issuer.requests).toEqual([]);
  });

  it("takes none of two keys with one kid", async () => {
    publish([es256.jwk, { ...other.jwk, kid: "known" }]);
    expect(await known()).toEqual(noSuchKey);
  });

  it.each(["RS256", "ES384", "PS256", "HS256", "none", "ES256K", ""])(
    "the algorithm is the key's: a header with %j finds nothing",
    async (alg) => expect(await find({ kid: "known", alg })).toEqual(noSuchKey),
  );

  it("an RSA key that names its algorithm verifies no other", async () => {
    const { jwk } = await newPair("known", "RS256");
    publish([jwk]);
    expect(await find({ kid: "known", alg: "PS256" })).toEqual(noSuchKey);
    expect(await find({ kid: "known", alg: "RS256" })).toMatchObject({ ok: true, alg: "RS256" });
  });

  it.each<[string, () => Promise<object> | object]>([
    ["for encryption", () => ({ ...es256.jwk, use: "enc" })],
    ["whose operations do not include verify", () => ({ ...es256.jwk, key_ops: ["deriveKey"] })],
    ["with its private part", async () => ({ ...es256.jwk, ...(await exportJWK(es256.privateKey)) })],
    ["that is symmetric", () => ({ kty: "oct", k: "c2VjcmV0", kid: "known", alg: "ES256" })],
    ["not on the curve", () => ({ ...es256.jwk, x: es256.jwk.y })],
    ["of another curve", () => ({ ...es256.jwk, crv: "secp256k1" })],
    ["with an algorithm of another curve", () => ({ ...es256.jwk, alg: "ES384" })],
    ["without coordinates", () => ({ kty: "EC", crv: "P-256", kid: "known" })],
    ["that is no object's like", () => ({ ["__proto__"]: "EC" })],
  ])("a key %s is not used", async (_, jwk) => {
    publish([await jwk(), other.jwk]);
    expect(await known()).toEqual(noSuchKey);
    expect(await find({ kid: "other", alg: "ES256" })).toMatchObject(found);
  });

  it("an RSA key of 1024 bits is not used", async () => {
    const n = Buffer.alloc(128, 0xff).toString("base64url");
    publish([{ kty: "RSA", n, e: "AQAB", kid: "known" }]);
    expect(await find({ kid: "known", alg: "RS256" })).toEqual(noSuchKey);
  });

  it("nothing private is kept in KV", async () => {
    publish([es256.jwk, { ...other.jwk, ...(await exportJWK(other.privateKey)) }]);
    expect(await known()).toMatchObject(found);
    expect([...kv.entries.values()].join()).not.toContain('"d"');
  });
});

describe("discovery", () => {
  const openid = "/.well-known/openid-configuration";
  const oauth = "/.well-known/oauth-authorization-server";
  const metadata = (fields: object = {}): Handler =>
    json({ issuer: source.issuer, jwks_uri: `${issuer.origin}/jwks`, ...fields });
  const jwks: Handler = (request, response) => json({ keys: [es256.jwk] })(request, response);

  beforeEach(() => {
    source = { issuer: issuer.origin };
  });

  it("finds the keys by OpenID Connect Discovery 4", async () => {
    issuer.handler = byPath({ [openid]: metadata(), "/jwks": jwks });
    expect(await known()).toMatchObject(found);
    expect(issuer.requests).toEqual([openid, "/jwks"]);
  });

  it("RFC 8414 3: or by its own metadata", async () => {
    issuer.handler = byPath({ [oauth]: metadata(), "/jwks": jwks });
    expect(await known()).toMatchObject(found);
    expect(issuer.requests).toEqual([openid, oauth, "/jwks"]);
  });

  it("kube-apiserver answers 406 to a request that does not accept application/jwk-set+json", async () => {
    const strict: Handler = (request, response) =>
      request.headers.accept?.split(/[,;] */).includes("application/jwk-set+json")
        ? json({ keys: [es256.jwk] }, { "Content-Type": "application/jwk-set+json" })(request, response)
        : response.writeHead(406).end();
    issuer.handler = byPath({ [openid]: metadata(), "/jwks": strict });
    expect(await known()).toMatchObject(found);
  });

  it("of an issuer with a path, each in its own place", async () => {
    source = { issuer: `${issuer.origin}/tenants/one` };
    issuer.handler = byPath({ [`${oauth}/tenants/one`]: metadata(), "/jwks": jwks });
    expect(await known()).toMatchObject(found);
    expect(issuer.requests).toEqual([`/tenants/one${openid}`, `${oauth}/tenants/one`, "/jwks"]);
  });

  it.each<[string, object]>([
    ["another issuer", { issuer: "https://idp.example.com" }],
    ["the issuer with a slash", { issuer: "SELF/" }],
    ["no issuer", { issuer: undefined }],
    ["no jwks_uri", { jwks_uri: undefined }],
    ["a jwks_uri inside", { jwks_uri: "https://169.254.169.254/keys" }],
    ["a jwks_uri without TLS", { jwks_uri: "http://idp.example.com/keys" }],
  ])("a document with %s leads to no keys", async (_, fields) => {
    const document = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, value?.replace("SELF", issuer.origin)]),
    );
    issuer.handler = byPath({ [openid]: metadata(document), [oauth]: metadata(document), "/jwks": jwks });
    expect(await known()).toEqual(unreachable);
    expect(fetches()).toBe(0);
  });
});

describe("an issuer that misbehaves", () => {
  const tenMegabytes = "x".repeat(10_000_000);
  const misbehavior: [string, Handler][] = [
    ["answers with 10 MB", (_, response) => response.end(`{"keys":[],"x":"${tenMegabytes}"}`)],
    [
      "has 10,000 keys",
      (request, response) =>
        json({ keys: Array.from({ length: 10_000 }, (_, kid) => ({ kid: `${kid}` })) })(request, response),
    ],
    ["has 101 keys", (request, response) => json({ keys: Array(101).fill(other.jwk) })(request, response)],
    ["redirects", (_, response) => response.writeHead(302, { Location: `${issuer.origin}/elsewhere` }).end()],
    ["sends malformed JSON", (_, response) => response.end('{"keys":[')],
    ["sends bad UTF-8", (_, response) => response.end(Buffer.from([0x7b, 0xff, 0x7d]))],
    ["sends a page", (_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Hi</h1>")],
    ["sends null", json(null)],
    ["sends no list", json({ keys: { kid: "known" } })],
    ["answers 500", (_, response) => void response.writeHead(500).end(JSON.stringify({ keys: [es256.jwk] }))],
    ["hangs up", (request) => request.socket.destroy()],
  ];

  it.each(misbehavior)("%s: no key", async (_, handler) => {
    issuer.handler = handler;
    expect(await known()).toEqual(unreachable);
    expect(issuer.requests).toEqual(["/jwks"]);
    expect(kv.entries.size).toBe(0);
  });

  it.each(misbehavior)("%s after it did not: its old keys are used", async (_, handler) => {
    expect(await known()).toMatchObject(found);
    issuer.handler = handler;
    nowMs += 2 * hourMs;
    expect(await known()).toMatchObject(found);
    expect(fetches()).toBe(2);
  });

  it("sends a body slower than anybody waits: no key after 5 seconds", { timeout: 10_000 }, async () => {
    issuer.handler = (_, response) => {
      const timer = setInterval(() => response.write(" "), 100);
      response.on("close", () => clearInterval(timer));
    };
    const startedMs = Date.now();
    expect(await known()).toEqual(unreachable);
    expect(Date.now() - startedMs).toBeLessThan(6000);
  });

  it("is not asked again for 15 seconds when it has never answered well", async () => {
    issuer.handler = (_, response) => response.writeHead(503).end();
    for (let call = 0; call < 20; call++) expect(await known()).toEqual(unreachable);
    expect(fetches()).toBe(1);
    publish([es256.jwk]);
    nowMs += 15_000;
    expect(await known()).toMatchObject(found);
    expect(fetches()).toBe(2);
  });

  it("is asked once a minute while its old keys are used, for a day at most", async () => {
    expect(await known()).toMatchObject(found);
    issuer.handler = (_, response) => response.writeHead(503).end();
    nowMs += 2 * hourMs;
    for (let call = 0; call < 20; call++) expect(await known()).toMatchObject(found);
    expect(fetches()).toBe(2);
    nowMs += minuteMs;
    expect(await known()).toMatchObject(found);
    expect(fetches()).toBe(3);
    nowMs += 22 * hourMs;
    expect(await known()).toEqual(unreachable);
    publish([es256.jwk]);
    nowMs += minuteMs;
    expect(await known()).toMatchObject(found);
  });
});

describe("the cache", () => {
  it("asks once for any number of tokens", async () => {
    for (let call = 0; call < 50; call++) expect(await known()).toMatchObject(found);
    expect(fetches()).toBe(1);
  });

  it("asks once for tokens that come at the same time", async () => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, known));
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect(fetches()).toBe(1);
  });

  it("serves other isolates from KV", async () => {
    expect(await known()).toMatchObject(found);
    expect(await find({ kid: "known", alg: "ES256" }, anotherIsolate())).toMatchObject(found);
    expect(fetches()).toBe(1);
  });

  it("asks again after an hour: a key that was dropped is gone then, in every isolate", async () => {
    const second = anotherIsolate();
    expect(await known()).toMatchObject(found);
    expect(await find({ kid: "known", alg: "ES256" }, second)).toMatchObject(found);
    publish([other.jwk]);
    nowMs += hourMs - 1;
    expect(await known()).toMatchObject(found);
    nowMs += 1;
    expect(await known()).toEqual(noSuchKey);
    expect(await find({ kid: "known", alg: "ES256" }, second)).toEqual(noSuchKey);
    // The regular fetch of the first, whose keys the second has from KV, and then its own for a key that is not among them.
    expect(fetches()).toBe(3);
  });

  it.each<[string, number]>([
    ["public, max-age=300", 300],
    ["max-age=5", 60],
    ["no-store", 60],
    ["private, no-cache, max-age=600", 60],
    ["max-age=999999", 3600],
    ["public", 3600],
  ])("Cache-Control: %s keeps them fresh for %i seconds", async (directives, seconds) => {
    publish([es256.jwk], { "Cache-Control": directives });
    expect(await known()).toMatchObject(found);
    nowMs += seconds * 1000 - 1;
    await known();
    expect(fetches()).toBe(1);
    nowMs += 1;
    await known();
    expect(fetches()).toBe(2);
  });

  it("REMOTE_JWKS_TTL_SECONDS=0 asks for each token", async () => {
    const eager = contextWith(kv.namespace, 0);
    expect(await find({ kid: "known", alg: "ES256" }, eager)).toMatchObject(found);
    publish([other.jwk]);
    expect(await find({ kid: "known", alg: "ES256" }, eager)).toEqual(noSuchKey);
  });

  it("learns a new key at the first token that names it, right after the regular fetch too", async () => {
    expect(await known()).toMatchObject(found);
    publish([es256.jwk, other.jwk]);
    expect(await find({ kid: "other", alg: "ES256" })).toMatchObject(found);
    expect(fetches()).toBe(2);
  });

  it("a flood of unknown key ids costs one fetch a minute, beside the regular one", async () => {
    expect(await known()).toMatchObject(found);
    const flood = () =>
      Promise.all(Array.from({ length: 200 }, (_, kid) => find({ kid: `made-up-${kid}`, alg: "ES256" })));
    expect(new Set((await flood()).map((outcome) => JSON.stringify(outcome)))).toEqual(
      new Set([JSON.stringify(noSuchKey)]),
    );
    nowMs += minuteMs - 1;
    await flood();
    expect(fetches()).toBe(2);
    nowMs += 1;
    await flood();
    await flood();
    expect(fetches()).toBe(3);
    expect(await known()).toMatchObject(found);
  });

  it("a flood while the issuer is down costs one fetch a minute too", async () => {
    expect(await known()).toMatchObject(found);
    issuer.handler = (_, response) => response.writeHead(503).end();
    nowMs += minuteMs;
    for (let kid = 0; kid < 50; kid++) await find({ kid: `made-up-${kid}`, alg: "ES256" });
    expect(fetches()).toBe(2);
  });

  it("keys at an address that one organization gave do not count for another's discovery", async () => {
    expect(await known()).toMatchObject(found);
    const discovered = await findRemoteKey(context, { issuer: issuer.origin }, { kid: "known", alg: "ES256" });
    expect(discovered).toEqual(unreachable);
  });

  it("works without KV", async () => {
    const broken = contextWith({
      get: () => Promise.reject(new Error("KV is down")),
      put: () => Promise.reject(new Error("KV is down")),
    } as unknown as KVNamespace);
    expect(await find({ kid: "known", alg: "ES256" }, broken)).toMatchObject(found);
  });

  it("what KV holds is checked before it is used", async () => {
    expect(await known()).toMatchObject(found);
    for (const name of kv.entries.keys()) kv.entries.set(name, '{"keys":[{"kty":"oct"}],"fetchedAtMs":1e99}');
    expect(await find({ kid: "known", alg: "ES256" }, anotherIsolate())).toMatchObject(found);
    expect(fetches()).toBe(2);
  });
});
