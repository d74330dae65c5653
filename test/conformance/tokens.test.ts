/** RFC 7009, RFC 7662, RFC 7517, RFC 7519 and RFC 9068, in the words of their sections. */
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { signedByService } from "../security/_forging.ts";
import {
  type Body,
  call,
  issuer,
  newClient,
  newOrganization,
  type Organization,
  resourceOf,
  tokenFor,
} from "../support/api.ts";

let tenant: Organization;
let client: Awaited<ReturnType<typeof newClient>>;
let token: string;

beforeAll(async () => {
  tenant = await newOrganization();
  client = await newClient(tenant.token);
  token = await tokenFor(client);
});

const introspect = (form: Record<string, string>, init: object = { basic: client }) =>
  call("/api/v1/token/introspect", { form, ...init });
const revoke = (form: Record<string, string>, init: object = { basic: client }) =>
  call("/api/v1/token/revoke", { form, ...init });
const isActive = async (subject: string) => (await introspect({ token: subject })).body.active;

describe("OAuth 2.0 Token Revocation", () => {
  it("RFC 7009 2.1: the client authenticates; without that nothing is revoked", async () => {
    for (const init of [{}, { basic: { ...client, clientSecret: "wrong" } }]) {
      const answer = await revoke({ token }, init);
      expect([answer.status, answer.body.error]).toEqual([401, "invalid_client"]);
    }
    expect(await isActive(token)).toBe(true);
  });

  it("RFC 7009 2.1: token is required", async () => {
    const answer = await revoke({});
    expect([answer.status, answer.body.error]).toEqual([400, "invalid_request"]);
  });

  it("RFC 7009 2.1: token_type_hint may be wrong, or unknown, and changes nothing", async () => {
    for (const token_type_hint of ["refresh_token", "access_token", "something_else"]) {
      const doomed = await tokenFor(client);
      expect((await revoke({ token: doomed, token_type_hint })).status).toBe(200);
      expect(await isActive(doomed)).toBe(false);
    }
  });

  it("RFC 7009 2.1: the token is dead at once", async () => {
    const doomed = await tokenFor(client);
    expect((await revoke({ token: doomed })).status).toBe(200);
    expect((await call("/agent-info", { token: doomed })).status).toBe(401);
  });

  it("RFC 7009 2.2: 200 for a token that is invalid, and for one that was revoked before", async () => {
    const doomed = await tokenFor(client);
    for (const subject of [doomed, doomed, "", "nonsense", "a.b.c"].filter((one) => one !== "")) {
      expect((await revoke({ token: subject })).status).toBe(200);
    }
  });
});

describe("OAuth 2.0 Token Introspection", () => {
  it("RFC 7662 2.1: the endpoint is protected", async () => {
    expect((await introspect({ token }, {})).status).toBe(401);
    expect((await introspect({ token }, { token: "a.b.c" })).status).toBe(401);
  });

  it("RFC 7662 2.1: it takes POST with a form, and token is required", async () => {
    expect((await call(`/api/v1/token/introspect?token=${token}`, { basic: client })).status).toBe(405);
    expect((await call("/api/v1/token/introspect", { basic: client, json: { token } })).status).toBe(415);
    expect((await introspect({})).body.error).toBe("invalid_request");
  });

  it("RFC 7662 2.1: token_type_hint may be wrong, or unknown, and changes nothing", async () => {
    for (const token_type_hint of ["refresh_token", "something_else"]) {
      expect((await introspect({ token, token_type_hint })).body.active).toBe(true);
    }
  });

  it("RFC 7662 2.2: a live token has active: true and its claims, each of its type", async () => {
    const { body } = await introspect({ token });
    const { iat, exp, jti, sub } = decodeJwt(token);
    expect(body).toMatchObject({ active: true, iss: issuer, aud: issuer, iat, exp, jti, sub, token_type: "Bearer" });
    expect([typeof body.scope, typeof body.client_id, typeof body.exp]).toEqual(["string", "string", "number"]);
  });

  it("RFC 7662 2.2: anything else has active: false and not a word more, whatever the reason", async () => {
    const revoked = await tokenFor(client);
    await revoke({ token: revoked });
    const other = await newOrganization();
    for (const subject of [revoked, "nonsense", other.token, `${token}A`]) {
      const answer = await introspect({ token: subject });
      expect([answer.status, answer.text]).toEqual([200, '{"active":false}']);
    }
  });

  it("RFC 7662 4: answers may not be kept by a cache", async () => {
    expect((await introspect({ token })).headers.get("Cache-Control")).toBe("no-store");
  });
});

describe("JSON Web Key", () => {
  it("RFC 7517 4: each key has kty, use, alg and a kid of its own, and no private member", async () => {
    const { keys } = (await call("/.well-known/jwks.json")).body;
    expect(new Set(keys.map(({ kid }: Body) => kid)).size).toBe(keys.length);
    for (const key of keys) {
      expect(key).toMatchObject({
        kty: expect.stringMatching(/^(EC|RSA)$/),
        use: "sig",
        alg: expect.stringMatching(/^[ER]S256$/),
      });
      for (const member of ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]) expect(key).not.toHaveProperty(member);
    }
  });

  it("RFC 7517 5: the set is an object with an array of keys", async () => {
    const { body, headers } = await call("/.well-known/jwks.json");
    expect(Object.keys(body)).toEqual(["keys"]);
    expect(headers.get("Content-Type")).toMatch(/json/);
  });

  it("RFC 7517 5: what is published verifies what is signed", async () => {
    const { body } = await call("/.well-known/jwks.json");
    const { payload } = await jwtVerify(token, createLocalJWKSet(body), { issuer, audience: issuer, typ: "at+jwt" });
    expect(payload.sub).toBe(client.agentId);
  });
});

describe("JSON Web Token", () => {
  const statusOf = async (claims: Record<string, unknown>) =>
    (await call("/agent-info", { token: await signedByService({ ...decodeJwt(token), ...claims }) })).status;
  const nowSeconds = () => Math.floor(Date.now() / 1000);

  it("RFC 7519 4.1.1: iss is another one's: refused", async () => {
    expect(await statusOf({ iss: "https://as.example.com" })).toBe(401);
  });

  it("RFC 7519 4.1.3: aud names one audience; a token for another or for several is refused", async () => {
    expect(await statusOf({ aud: issuer })).toBe(200);
    expect(await statusOf({ aud: "https://api.example.com" })).toBe(401);
    expect(await statusOf({ aud: ["https://api.example.com", issuer] })).toBe(401);
  });

  it("RFC 7519 4.1.4: on or after exp the token is refused", async () => {
    expect(await statusOf({ exp: nowSeconds() })).toBe(401);
    expect(await statusOf({ exp: nowSeconds() + 60 })).toBe(200);
  });

  it("RFC 7519 4.1.5: before nbf the token is refused", async () => {
    expect(await statusOf({ nbf: nowSeconds() + 60 })).toBe(401);
    expect(await statusOf({ nbf: nowSeconds() })).toBe(200);
  });

  it("RFC 7519 4.1.7: jti is unique", async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => tokenFor(client)));
    expect(new Set(tokens.map((one) => decodeJwt(one).jti)).size).toBe(20);
  });

  it("RFC 7519 2: times are numbers of seconds", async () => {
    expect(await statusOf({ exp: new Date(Date.now() + 60_000).toISOString() })).toBe(401);
    const { iat, exp } = decodeJwt(token);
    expect([Number.isInteger(iat), Number.isInteger(exp)]).toEqual([true, true]);
  });
});

describe("JWT Profile for OAuth 2.0 Access Tokens", () => {
  it("RFC 9068 2.1: the token is signed, and its typ is at+jwt", () => {
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: "at+jwt", alg: "ES256", kid: expect.any(String) });
  });

  it("RFC 9068 2.2: iss, exp, aud, sub, client_id, iat and jti are there", () => {
    expect(decodeJwt(token)).toMatchObject({
      iss: issuer,
      aud: issuer,
      sub: client.agentId,
      client_id: client.agentId,
      exp: expect.any(Number),
      iat: expect.any(Number),
      jti: expect.any(String),
    });
  });

  it("RFC 9068 2.2.3: scope tells what was granted", async () => {
    const { scope } = decodeJwt<{ scope: string }>(await tokenFor(client, { scope: "agents:read" }));
    expect(scope).toBe("agents:read");
  });

  it("RFC 9068 3: without resource the audience is a default one, with it that one", async () => {
    expect(decodeJwt(token).aud).toBe(issuer);
    const resource = await resourceOf(tenant);
    expect(decodeJwt(await tokenFor(client, { resource })).aud).toBe(resource);
  });

  it("RFC 9068 4: another typ, another issuer, another audience, none as the algorithm, an end in the past: refused", async () => {
    const claims = decodeJwt(token);
    const refused = [
      await signedByService(claims, { typ: "JWT" }),
      await signedByService({ ...claims, iss: "https://as.example.com" }),
      await signedByService({ ...claims, aud: "https://api.example.com" }),
      await signedByService({ ...claims, exp: 1 }),
      `${btoa('{"alg":"none","typ":"at+jwt"}').replace(/=/g, "")}.${token.split(".")[1]}.`,
    ];
    for (const one of refused) expect((await call("/agent-info", { token: one })).status).toBe(401);
    expect((await call("/agent-info", { token: await signedByService(claims) })).status).toBe(200);
  });
});
