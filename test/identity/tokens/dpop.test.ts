/** Proof of possession: RFC 9449. Proofs are made with jose alone. */
import {
  calculateJwkThumbprint,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from "jose";
import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  type Answer,
  type Client,
  call,
  issuer,
  newClient,
  newOrganization,
  resourceOf,
  theOperator,
  tokenFor,
} from "../../support/api.ts";

interface Key {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  readonly alg: string;
}

let agent: Client & { agentId: string };
let key: Key;

const newKey = async (alg = "ES256"): Promise<Key> => {
  const pair = await generateKeyPair(alg, { extractable: true });
  const { kty, crv, x, y, n, e } = await exportJWK(pair.publicKey);
  const jwk = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e }));
  return { privateKey: pair.privateKey, jwk, alg };
};

beforeAll(async () => {
  agent = await newClient((await theOperator()).token);
  key = await newKey();
});

const hash = async (text: string) => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...digest))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
};

interface Changes {
  readonly claims?: JWTPayload;
  readonly header?: Record<string, unknown>;
  readonly key?: Key;
}

async function proofFor(
  method: string,
  path: string,
  accessToken: string | null,
  changes: Changes = {},
): Promise<string> {
  const { privateKey, jwk, alg } = changes.key ?? key;
  return new SignJWT({
    jti: crypto.randomUUID(),
    htm: method,
    htu: `${issuer}${path}`,
    iat: Math.floor(Date.now() / 1000),
    ...(accessToken === null ? {} : { ath: await hash(accessToken) }),
    ...changes.claims,
  })
    .setProtectedHeader({ typ: "dpop+jwt", alg, jwk, ...changes.header } as never)
    .sign(privateKey);
}

const askWith = (proof: string) =>
  call("/api/v1/token", { basic: agent, form: { grant_type: "client_credentials" }, headers: { DPoP: proof } });

async function boundToken(own = key): Promise<string> {
  const answer = await askWith(await proofFor("POST", "/api/v1/token", null, { key: own }));
  expect(answer.body, answer.text).toMatchObject({ token_type: "DPoP" });
  return answer.body.access_token;
}

const path = () => `/api/v1/agents/${agent.agentId}`;

const use = (token: string, proof: string | null, scheme = "DPoP"): Promise<Answer> =>
  call(path(), { headers: { Authorization: `${scheme} ${token}`, ...(proof === null ? {} : { DPoP: proof }) } });

describe("RFC 9449 5: the token request", () => {
  it.each(["ES256", "EdDSA", "PS256"])("binds the token to the key of a valid %s proof", async (alg) => {
    const own = await newKey(alg);
    const token = await boundToken(own);
    expect(decodeJwt(token).cnf).toEqual({ jkt: await calculateJwkThumbprint(own.jwk) });
  });

  it.each([
    ["EdDSA", "Ed25519"],
    ["Ed25519", "EdDSA"],
  ])("RFC 9864 2.2: a key of the algorithm %s proves under the name %s", async (named, alg) => {
    const own = await newKey("Ed25519");
    await boundToken({ ...own, alg, jwk: { ...own.jwk, alg: named } });
  });

  it.each<[string, Changes]>([
    ["a kid beside jwk", { header: { kid: "a/b=" } }],
    ["further members of the header", { header: { cty: "JWT", nonce: 1, "x5t#S256": "x" } }],
    ["an escape in htu (RFC 3986 6.2.2.2)", { claims: { htu: `${issuer}/api/v1/%74oke%6E` } }],
    ["htu in capitals", { claims: { htu: `${issuer.toUpperCase()}/api/v1/token` } }],
    ["htu with a query and a fragment", { claims: { htu: `${issuer}/api/v1/token?a=b#c` } }],
  ])("RFC 9449 4.2 and 4.3: accepts %s", async (_, changes) => {
    const answer = await askWith(await proofFor("POST", "/api/v1/token", null, changes));
    expect(answer.body, answer.text).toMatchObject({ token_type: "DPoP" });
  });

  it.each<[string, Changes]>([
    ["another method", { claims: { htm: "GET" } }],
    ["another path", { claims: { htu: `${issuer}/api/v1/agents` } }],
    ["an escape that means another path", { claims: { htu: `${issuer}/api%2Fv1/token` } }],
    ["another server", { claims: { htu: "https://as.example.com/api/v1/token" } }],
    ["too old", { claims: { iat: Math.floor(Date.now() / 1000) - 120 } }],
    ["too far ahead", { claims: { iat: Math.floor(Date.now() / 1000) + 120 } }],
    ["no jti", { claims: { jti: undefined } as never }],
    ["another typ", { header: { typ: "JWT" } }],
    ["a key by reference", { header: { jku: "https://evil.example/keys" } }],
    ["no key", { header: { jwk: undefined } }],
    ["a symmetric key", { header: { jwk: { kty: "oct", k: "AAAA" } } }],
  ])("400 invalid_dpop_proof: %s", async (_, changes) => {
    const answer = await askWith(await proofFor("POST", "/api/v1/token", null, changes));
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: "invalid_dpop_proof", code: "VALIDATION_ERROR" });
  });

  it("400 invalid_dpop_proof: somebody else's signature, a private key inside, rubbish, two proofs", async () => {
    const other = await newKey();
    const forged = await proofFor("POST", "/api/v1/token", null, { key: { ...other, jwk: key.jwk } });
    const leaking = await proofFor("POST", "/api/v1/token", null, {
      header: { jwk: await exportJWK(key.privateKey) },
    });
    const [one, two] = [await proofFor("POST", "/api/v1/token", null), await proofFor("POST", "/api/v1/token", null)];
    for (const proof of [forged, leaking, "rubbish", "a.b.c", "", `${one}, ${two}`]) {
      const answer = await askWith(proof);
      expect(answer.status, proof.slice(0, 40)).toBe(400);
      expect(answer.body.error).toBe("invalid_dpop_proof");
    }
  });

  it("a proof is good for one use: of 50 at once exactly one gets a token", async () => {
    const proof = await proofFor("POST", "/api/v1/token", null);
    const statuses = (await Promise.all(Array.from({ length: 50 }, () => askWith(proof)))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 400)).toHaveLength(49);
  });
});

describe("RFC 9449 7: the API", () => {
  it("accepts a bound token with a fresh proof for this request and this token", async () => {
    const token = await boundToken();
    expect((await use(token, await proofFor("GET", path(), token))).status).toBe(200);
  });

  it("RFC 9449 4.3: the query is no part of htu", async () => {
    const token = await boundToken();
    const proof = await proofFor("GET", "/api/v1/agents", token);
    const answer = await call("/api/v1/agents?limit=1", { headers: { Authorization: `DPoP ${token}`, DPoP: proof } });
    expect(answer.status).toBe(200);
  });

  it("RFC 9449 7.2: refuses a bound token that is sent as Bearer, with or without a proof", async () => {
    const token = await boundToken();
    for (const proof of [null, await proofFor("GET", path(), token)]) {
      const answer = await use(token, proof, "Bearer");
      expect(answer.status).toBe(401);
      expect(answer.headers.get("WWW-Authenticate")).toMatch(/^DPoP error="invalid_token"/);
    }
  });

  it("refuses a token that is bound to nothing and sent as DPoP", async () => {
    const token = await tokenFor(agent);
    expect((await use(token, await proofFor("GET", path(), token))).status).toBe(401);
  });

  it.each<[string, (token: string) => Promise<string | null>]>([
    ["no proof", async () => null],
    ["a proof of another key", async (token) => proofFor("GET", path(), token, { key: await newKey() })],
    ["a proof for another method", (token) => proofFor("DELETE", path(), token)],
    ["a proof for another path", (token) => proofFor("GET", "/api/v1/agents", token)],
    ["a proof for another token", async () => proofFor("GET", path(), await tokenFor(agent))],
    ["a proof without ath", () => proofFor("GET", path(), null)],
    ["a proof for the token endpoint", () => proofFor("POST", "/api/v1/token", null)],
    [
      "an old proof",
      (token) => proofFor("GET", path(), token, { claims: { iat: Math.floor(Date.now() / 1000) - 120 } }),
    ],
  ])("401 invalid_dpop_proof: %s", async (_, proof) => {
    const token = await boundToken();
    const answer = await use(token, await proof(token));
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ code: "UNAUTHORIZED", error: "invalid_dpop_proof" });
    expect(answer.headers.get("WWW-Authenticate")).toBe(
      'DPoP error="invalid_dpop_proof", error_description="The DPoP proof is not valid for this request, or has been used.", algs="ES256 EdDSA Ed25519 RS256 PS256", resource_metadata="http://localhost:8787/.well-known/oauth-protected-resource"',
    );
  });

  it("401 says that a bound token is revoked, has expired, or is for another API; revoked only to the holder of the key", async () => {
    const { token: admin, slug } = await newOrganization();
    const client = await newClient(admin);
    const resource = await resourceOf({ token: admin, slug });
    const bound = async (form: Record<string, string> = {}) => {
      const headers = { DPoP: await proofFor("POST", "/api/v1/token", null) };
      const grant = { grant_type: "client_credentials", ...form };
      return (await call("/api/v1/token", { basic: client, form: grant, headers })).body.access_token as string;
    };
    const refusal = async (token: string, proof: string | null) => {
      const { status, body, headers } = await use(token, proof);
      expect(headers.get("WWW-Authenticate")).toBe(
        `DPoP error="${body.error}", error_description="${body.message}", algs="ES256 EdDSA Ed25519 RS256 PS256", resource_metadata="${issuer}/.well-known/oauth-protected-resource"`,
      );
      return [status, body.message];
    };
    const proven = async (token: string) => refusal(token, await proofFor("GET", path(), token));
    const token = await bound();
    await call("/api/v1/token/revoke", { basic: client, form: { token } });
    expect(await proven(token)).toEqual([401, "The access token is revoked."]);
    expect(await refusal(token, null)).toEqual([
      401,
      "The DPoP proof is not valid for this request, or has been used.",
    ]);
    const elsewhere = await bound({ resource });
    expect(await proven(elsewhere)).toEqual([401, `The access token is for ${resource}, not for this service.`]);
    const old = await bound();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_601_000 });
    const late = await proven(old);
    vi.useRealTimers();
    expect(late).toEqual([401, "The access token has expired."]);
  });

  it("RFC 9449 11.1: a proof is good for one use: of 50 at once exactly one gets in, and none later", async () => {
    const token = await boundToken();
    const proof = await proofFor("GET", path(), token);
    const statuses = (await Promise.all(Array.from({ length: 50 }, () => use(token, proof)))).map(
      ({ status }) => status,
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 401)).toHaveLength(49);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 59_000 });
    const later = await use(token, proof);
    vi.useRealTimers();
    expect(later.status).toBe(401);
  });

  it("RFC 9449 6.2: introspection tells the key and the type", async () => {
    const token = await boundToken();
    const { body } = await call("/api/v1/token/introspect", { basic: agent, form: { token } });
    expect(body).toMatchObject({
      active: true,
      token_type: "DPoP",
      cnf: { jkt: await calculateJwkThumbprint(key.jwk) },
    });
  });
});

describe("discovery", () => {
  it.each(["oauth-authorization-server", "oauth-protected-resource"])("%s names the proof algorithms", async (name) => {
    const { body } = await call(`/.well-known/${name}`);
    expect(body.dpop_signing_alg_values_supported).toEqual(["ES256", "EdDSA", "Ed25519", "RS256", "PS256"]);
  });
});

it("a bound token makes no link to the console, because a session is bound to no key", async () => {
  const token = await boundToken();
  const proof = await proofFor("POST", "/api/v1/console/links", token);
  const headers = { Authorization: `DPoP ${token}`, DPoP: proof };
  const refused = await call("/api/v1/console/links", { method: "POST", headers });
  expect([refused.status, refused.body.code]).toStrictEqual([403, "FORBIDDEN"]);
});
