/** Verification without a service: webhooks, keys and proofs, with jose and Node's own cryptography as the other side. */
import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import { AgentIdPClient, AgentIdPError, PrivateKeyJwt } from "@sentryagent/idp-sdk";
import { DpopKey } from "@sentryagent/idp-sdk/dpop";
import { TokenVerifier, verifyOnline } from "@sentryagent/idp-sdk/verify";
import { Webhook } from "@sentryagent/idp-sdk/webhooks";
import type { Any } from "./_suite.ts";

const jose: Any = createRequire(join(process.env.AGENTIDP_SDK_FOLDER ?? "", "package.json"))("jose");
const issuer = "https://idp.example.com";
const audience = "https://api.example.com";
const agentId = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";
const did = `did:web:idp.example.com:agents:${agentId}`;

const refusedWith = (code: string) => (error: unknown) => error instanceof AgentIdPError && error.code === code;

function newClock() {
  let ms = 1_795_320_402_000;
  const now = () => ms;
  return {
    now,
    monotonic: now,
    random: () => 0,
    sleep: async () => undefined,
    advance: (by: number) => {
      ms += by;
    },
  };
}

const newKey = async (kid: string) => {
  const { publicKey, privateKey } = await jose.generateKeyPair("ES256", { extractable: true });
  return { kid, privateKey, jwk: { ...(await jose.exportJWK(publicKey)), kid, alg: "ES256", use: "sig" } };
};

/** An issuer that can be stopped, and counts what it is asked for. */
async function newIssuer() {
  const clock = newClock();
  let keys = [await newKey("1")];
  let isStopped = false;
  const paths: string[] = [];
  const document = (path: string): unknown => {
    if (path === "/.well-known/oauth-authorization-server")
      return { issuer, jwks_uri: `${issuer}/.well-known/jwks.json` };
    if (path === "/.well-known/jwks.json") return { keys: keys.map(({ jwk }) => jwk) };
    const own = { id: `${did}#key-1`, controller: did, publicKeyJwk: keys[0]?.jwk };
    const services = keys.map(({ kid, jwk }) => ({
      id: `${did}#${kid}`,
      controller: "did:web:idp.example.com",
      publicKeyJwk: jwk,
    }));
    return path === `/agents/${agentId}/did.json` ? { id: did, verificationMethod: [own, ...services] } : null;
  };
  const fetch = async (input: string | URL | Request) => {
    const { pathname } = new URL(String(input));
    paths.push(pathname);
    if (isStopped) throw new TypeError("fetch failed");
    const value = document(pathname);
    return value === null
      ? new Response("{}", { status: 404 })
      : Response.json(value, { headers: { "cache-control": "max-age=600" } });
  };
  const claims = { scope: "resume:read", organization_id: "o", client_id: agentId };
  const sign = (more: Any = {}, header: Any = {}) =>
    new jose.SignJWT({ ...claims, ...more })
      .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: keys[0]?.kid, ...header })
      .setIssuer(more.iss ?? issuer)
      .setSubject(agentId)
      .setAudience(more.aud ?? audience)
      .setIssuedAt(Math.floor(clock.now() / 1000))
      .setExpirationTime(Math.floor(clock.now() / 1000) + (more.lifetime ?? 3600))
      .sign(keys[0]?.privateKey);
  return {
    clock,
    paths,
    sign,
    verifier: (more: Any = {}) => new TokenVerifier({ issuer, audience, fetch, clock, ...more }),
    stop: () => {
      isStopped = true;
    },
    rotate: async () => {
      keys = [await newKey(String(keys.length + 1)), ...keys];
    },
  };
}

describe("TokenVerifier", () => {
  test("goes on with its keys when the issuer is stopped, also after their lifetime", async () => {
    const { verifier, sign, stop, clock } = await newIssuer();
    const one = verifier();
    await one.verify(await sign());
    stop();
    await one.verify(await sign());
    clock.advance(700_000);
    assert.equal((await one.verify(await sign())).agentId, agentId);
  });

  test("fetches the keys again after their lifetime, and for a new kid at most every 30 seconds", async () => {
    const { verifier, sign, paths, clock, rotate } = await newIssuer();
    const one = verifier();
    const fetches = () => paths.filter((path) => path.endsWith("jwks.json")).length;
    await Promise.all([one.verify(await sign()), one.verify(await sign()), one.verify(await sign())]);
    assert.equal(fetches(), 1);
    await rotate();
    await assert.rejects(one.verify(await sign()), refusedWith("TOKEN_NOT_VALID"));
    assert.equal(fetches(), 1);
    clock.advance(30_000);
    await one.verify(await sign());
    assert.equal(fetches(), 2);
    clock.advance(600_000);
    await one.verify(await sign());
    assert.equal(fetches(), 3);
  });

  test("refuses what is expired, of another issuer, without a scope or an actor, and headers with a key", async () => {
    const { verifier, sign, clock } = await newIssuer();
    const one = verifier();
    const old = await sign({ lifetime: 60 });
    clock.advance(119_000);
    await one.verify(old);
    clock.advance(2_000);
    await assert.rejects(one.verify(old), refusedWith("TOKEN_EXPIRED"));
    await assert.rejects(one.verify(await sign({ iss: "https://other.example" })), refusedWith("TOKEN_NOT_VALID"));
    await assert.rejects(
      one.verify(await sign({ aud: [audience, "https://other.example"] })),
      refusedWith("TOKEN_NOT_VALID"),
    );
    await assert.rejects(one.verify(await sign({}, { typ: "JWT" })), refusedWith("TOKEN_NOT_VALID"));
    await assert.rejects(one.verify(await sign({}, { jwk: (await newKey("1")).jwk })), refusedWith("TOKEN_NOT_VALID"));
    await assert.rejects(
      verifier({ requiredScopes: ["resume:write"] }).verify(await sign()),
      refusedWith("SCOPE_MISSING"),
    );
    const acting = verifier({ requiredActor: "helper" });
    await assert.rejects(acting.verify(await sign()), refusedWith("TOKEN_NOT_VALID"));
    const { actor, delegationChainId } = await acting.verify(
      await sign({ act: { sub: "helper" }, delegation_chain: "c" }),
    );
    assert.deepEqual([actor, delegationChainId], ["helper", "c"]);
  });

  test("verifyByDid takes the service's key alone, not the agent's, and no path in place of an id", async () => {
    const { verifier, sign, paths } = await newIssuer();
    const one = verifier();
    assert.equal((await one.verifyByDid(await sign())).agentId, agentId);
    assert.deepEqual(paths, [`/agents/${agentId}/did.json`]);
    await assert.rejects(one.verifyByDid(await sign({}, { kid: "key-1" })), refusedWith("TOKEN_NOT_VALID"));
    const odd = `${Buffer.from('{"alg":"ES256","kid":"1"}').toString("base64url")}.${Buffer.from('{"sub":"../../x"}').toString("base64url")}.AA`;
    await assert.rejects(one.verifyByDid(odd), refusedWith("TOKEN_NOT_VALID"));
    assert.equal(paths.length, 1);
  });
});

test("verifyOnline asks again after its cache, and refuses what is not active", async () => {
  const asked: unknown[] = [];
  const clock = newClock();
  const client: Any = { tokens: { introspect: async (token: unknown) => ({ active: asked.push(token) < 3 }) } };
  const ask = verifyOnline(client as AgentIdPClient, { cacheMs: 60_000, clock });
  await ask("one");
  await ask("one");
  assert.equal(asked.length, 1);
  clock.advance(10_000);
  await ask("one");
  await assert.rejects(ask("two"), refusedWith("TOKEN_NOT_ACTIVE"));
  assert.deepEqual(asked, ["one", "one", "two"]);
});

describe("webhooks by X-SentryAgent-Signature", () => {
  const secret = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
  const body = JSON.stringify({
    id: "1",
    event: "from.the.future",
    timestamp: "2026-11-21T14:06:42.000Z",
    data: { odd: 1 },
  });
  const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

  test("are verified with the whole secret as the key; unknown events keep their data", async () => {
    const event: Any = await new Webhook(secret).verifyLegacy(Buffer.from(body), {
      "x-SentryAgent-signature": signature,
    });
    assert.deepEqual(
      [event.event, event.data, event.timestamp.getTime()],
      ["from.the.future", { odd: 1 }, 1_795_270_002_000],
    );
    const previous = new Headers({
      "X-SentryAgent-Signature": `sha256=${"0".repeat(64)}`,
      "X-SentryAgent-Signature-Previous": signature,
    });
    assert.equal((await new Webhook([secret]).verifyLegacy(body, previous)).id, "1");
  });

  test("are refused with another secret, and without the header", async () => {
    const other = new Webhook("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    await assert.rejects(
      other.verifyLegacy(body, { "x-sentryagent-signature": signature }),
      refusedWith("WEBHOOK_WRONG_SIGNATURE"),
    );
    await assert.rejects(other.verifyLegacy(body, {}), refusedWith("WEBHOOK_MISSING_HEADER"));
  });

  test("a secret that is none is refused at once", () => {
    for (const odd of ["", "secret", "whsec_", "whsec_***"])
      assert.throws(() => new Webhook(odd), refusedWith("CONFIGURATION"));
    assert.throws(() => new Webhook([]), refusedWith("CONFIGURATION"));
  });
});

describe("keys of a client's own", () => {
  /** The assertion of a token request, verified by jose with the public key. */
  async function assertionOf(key: Any, publicKey: Any, alg?: string) {
    let form = new URLSearchParams();
    const fetch = async (_: unknown, init?: RequestInit) => {
      form = new URLSearchParams(String(init?.body));
      return Response.json({ access_token: "t", token_type: "Bearer", expires_in: 3600, scope: "" });
    };
    const client = new AgentIdPClient(issuer, new PrivateKeyJwt({ clientId: agentId, key, kid: "k", alg }), { fetch });
    await client.accessToken();
    return jose.jwtVerify(form.get("client_assertion"), publicKey, {
      issuer: agentId,
      subject: agentId,
      audience: issuer,
    });
  }

  test("in PKCS#8 PEM and as a JWK: P-256, Ed25519 and RSA", async () => {
    const pairs = [
      ["ES256", generateKeyPairSync("ec", { namedCurve: "P-256" })],
      ["EdDSA", generateKeyPairSync("ed25519")],
      ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ] as const;
    for (const [alg, { privateKey, publicKey }] of pairs) {
      for (const key of [privateKey.export({ type: "pkcs8", format: "pem" }), privateKey.export({ format: "jwk" })]) {
        const { protectedHeader, payload } = await assertionOf(key, publicKey);
        assert.deepEqual(protectedHeader, { alg, typ: "JWT", kid: "k" });
        assert.equal(payload.exp - payload.iat, 60);
      }
    }
    const { privateKey, publicKey } = pairs[2][1];
    const { protectedHeader } = await assertionOf(privateKey.export({ format: "jwk" }), publicKey, "PS256");
    assert.equal(protectedHeader.alg, "PS256");
  });

  test("that cannot sign are an error of the configuration", async () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    for (const key of [
      "no PEM",
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
      publicKey.export({ format: "jwk" }),
      { kty: "oct" },
    ])
      await assert.rejects(assertionOf(key, publicKey), refusedWith("CONFIGURATION"));
  });
});

test("proofs are made by a kept key, and by a signer", async () => {
  const pair = await jose.generateKeyPair("ES256", { extractable: true });
  const jwk = await jose.exportJWK(pair.privateKey);
  const sign = async (bytes: Uint8Array) =>
    new Uint8Array(
      await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, bytes as Uint8Array<ArrayBuffer>),
    );
  const { d: _, ...publicJwk } = jwk;
  for (const key of [await DpopKey.from(jwk), await DpopKey.from({ publicJwk, sign })]) {
    assert.equal(key.thumbprint, await jose.calculateJwkThumbprint(publicJwk));
    const proof = await key.proof({ method: "POST", url: "https://api.example.com/a?b#c", nowMs: Date.now() });
    const { payload, protectedHeader } = await jose.jwtVerify(proof, jose.EmbeddedJWK, { typ: "dpop+jwt" });
    assert.deepEqual(protectedHeader.jwk, { kty: "EC", crv: "P-256", x: jwk.x, y: jwk.y });
    assert.deepEqual([payload.htm, payload.htu], ["POST", "https://api.example.com/a"]);
  }
  await assert.rejects(DpopKey.from(publicJwk), refusedWith("CONFIGURATION"));
  await assert.rejects(DpopKey.from({ kty: "OKP", crv: "Ed25519", x: "a" }), refusedWith("CONFIGURATION"));
});
