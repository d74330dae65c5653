/** Introspection (RFC 7662), revocation (RFC 7009) and the acceptance of bearer tokens (RFC 6750). */
import { decodeJwt, generateKeyPair, SignJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Client,
  call,
  issuer,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../../support/api.ts";

let admin: string;
let agent: Client & { agentId: string; credentialId: string };
let token: string;

beforeAll(async () => {
  admin = (await theOperator()).token;
  agent = await newClient(admin);
});

beforeEach(async () => {
  token = await tokenFor(agent);
});

const introspect = (subject: string, init: Parameters<typeof call>[1] = { token: admin }) =>
  call("/api/v1/token/introspect", { ...init, form: { token: subject } });
const revoke = (subject: string, init: Parameters<typeof call>[1]) =>
  call("/api/v1/token/revoke", { ...init, form: { token: subject } });
const use = async (subject: string) => (await call(`/api/v1/agents/${agent.agentId}`, { token: subject })).status;

describe("RFC 7662 2.2: introspection", () => {
  it.each([
    ["a bearer token with tokens:read", () => ({ token: admin })],
    ["HTTP Basic", () => ({ basic: agent })],
  ])("by %s answers with the claims of a live token", async (_, init) => {
    const answer = await introspect(token, init());
    const claims = decodeJwt(token);
    expect(answer.body).toEqual({
      active: true,
      scope: claims.scope,
      client_id: agent.agentId,
      sub: agent.agentId,
      aud: issuer,
      iss: issuer,
      exp: claims.exp,
      iat: claims.iat,
      jti: claims.jti,
      token_type: "Bearer",
      organization_id: claims.organization_id,
    });
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
  });

  it("ignores the token_type_hint", async () => {
    const answer = await call("/api/v1/token/introspect", {
      token: admin,
      form: { token, token_type_hint: "refresh_token" },
    });
    expect(answer.body.active).toBe(true);
  });

  it.each([
    ["rubbish", () => "rubbish"],
    ["a character missing", () => token.slice(0, -1)],
    ["a character too many", () => `${token}A`],
    ["a truncated payload", () => token.replace(/\.[^.]{4}/, ".")],
    ["an empty signature", () => `${token.slice(0, token.lastIndexOf("."))}.`],
  ])("%s is not active, and nothing more is said", async (_, subject) => {
    const answer = await introspect(subject());
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ active: false });
  });

  it("a token of another organization is not active", async () => {
    const tenant = await newOrganization();
    expect((await introspect(token, { token: tenant.token })).body).toEqual({ active: false });
    expect((await introspect(tenant.token)).body).toEqual({ active: false });
  });

  it("by an access token without tokens:read: its own tokens, and no others", async () => {
    const narrow = await tokenFor(agent, { scope: "agents:read" });
    for (const own of [narrow, token]) expect((await introspect(own, { token: narrow })).body.active).toBe(true);
    const other = await tokenFor(await newClient(admin));
    const answer = await introspect(other, { token: narrow });
    expect([answer.status, answer.body]).toEqual([200, { active: false }]);
  });

  it.each([
    ["no authentication", {}],
    ["a wrong secret", { basic: { clientId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", clientSecret: "x" } }],
    ["a wrong bearer token", { token: "a.b.c" }],
  ])("401 with %s", async (_, init) => {
    expect((await introspect(token, init)).status).toBe(401);
  });

  it("400 without the token", async () => {
    const answer = await call("/api/v1/token/introspect", { token: admin, form: { nothing: "here" } });
    expect(answer.body).toMatchObject({ error: "invalid_request", details: { issues: [{ path: "token" }] } });
  });

  it("is in the audit log, without the token", async () => {
    await introspect(token);
    const log = await call("/api/v1/audit?action=token.introspected&limit=5", { token: admin });
    expect(log.body.data[0]).toMatchObject({
      target: decodeJwt(token).jti,
      agentId: agent.agentId,
      details: { active: true },
    });
    expect(log.text).not.toContain(token.slice(-40));
  });
});

describe("RFC 7009 2: revocation", () => {
  it.each([
    ["the agent itself, by HTTP Basic", () => ({ basic: agent })],
    ["the agent itself, by the token", () => ({ token })],
    ["a caller with agents:write", () => ({ token: admin })],
  ])("by %s is effective on the very next call", async (_, init) => {
    expect(await use(token)).toBe(200);
    const answer = await revoke(token, init());
    expect(answer.status).toBe(200);
    expect(await use(token)).toBe(401);
    expect((await introspect(token)).body).toEqual({ active: false });
  });

  it("RFC 7009 2.2: an unknown token still gets 200", async () => {
    expect((await revoke("rubbish", { token: admin })).status).toBe(200);
  });

  it("a token revoked twice gets 200 twice and one audit event", async () => {
    await revoke(token, { token: admin });
    expect((await revoke(token, { token: admin })).status).toBe(200);
    const log = await call("/api/v1/audit?action=token.revoked&limit=100", { token: admin });
    const { jti } = decodeJwt(token);
    expect(log.body.data.filter((event: { target: string }) => event.target === jti)).toHaveLength(1);
  });

  it("leaves the agent's other tokens alive", async () => {
    const other = await tokenFor(agent);
    await revoke(token, { token: admin });
    expect(await use(other)).toBe(200);
  });

  it("leaves another client's token alive without agents:write, and does not tell", async () => {
    const other = await newClient(admin);
    const answer = await revoke(token, { basic: other });
    expect(answer.status).toBe(200);
    expect(await use(token)).toBe(200);
  });

  it("leaves a token of another organization alive", async () => {
    const tenant: Organization = await newOrganization();
    expect((await revoke(token, { token: tenant.token })).status).toBe(200);
    expect(await use(token)).toBe(200);
  });
});

describe("taking back kills tokens on their very next use", () => {
  const path = () => `/api/v1/agents/${agent.agentId}`;

  it("the credential that got the token is revoked; tokens of another credential live", async () => {
    const second = await call(`${path()}/credentials`, { token: admin, json: {} });
    const other = await tokenFor(second.body);
    await call(`${path()}/credentials/${second.body.credentialId}`, { method: "DELETE", token: admin });
    expect(await use(other)).toBe(401);
    expect(await use(token)).toBe(200);
  });

  it("the agent is suspended; reactivating revives no old token and allows new ones at once", async () => {
    await call(path(), { method: "PATCH", token: admin, json: { status: "suspended" } });
    expect(await use(token)).toBe(401);
    expect((await call("/api/v1/token", { basic: agent, form: { grant_type: "client_credentials" } })).status).toBe(
      401,
    );
    await call(path(), { method: "PATCH", token: admin, json: { status: "active" } });
    expect(await use(token)).toBe(401);
    expect(await use(await tokenFor(agent))).toBe(200);
  });

  it("the agent is decommissioned", async () => {
    const doomed = await newClient(admin);
    const last = await tokenFor(doomed);
    expect((await call(`/api/v1/agents/${doomed.agentId}`, { token: last })).status).toBe(200);
    expect((await call(`/api/v1/agents/${doomed.agentId}`, { method: "DELETE", token: admin })).status).toBe(204);
    expect((await call(`/api/v1/agents/${doomed.agentId}`, { token: last })).status).toBe(401);
  });

  it("the organization is suspended or deleted", async () => {
    const suspended = await newOrganization();
    const deleted = await newOrganization();
    const to = (tenant: Organization) => `/api/v1/organizations/${tenant.organizationId}`;
    await call(to(suspended), { method: "PATCH", token: admin, json: { status: "suspended" } });
    await call(to(deleted), { method: "DELETE", token: admin });
    for (const tenant of [suspended, deleted])
      expect((await call("/api/v1/agents", { token: tenant.token })).status).toBe(401);
  });

  it("the token expires", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_601_000 });
    const status = await use(token);
    vi.useRealTimers();
    expect(status).toBe(401);
  });
});

describe("RFC 6750 3: refused bearer tokens", () => {
  const ask = (headers: Record<string, string>) => call("/api/v1/agents", { headers });

  it("a request without a token is told where to get one, without an error code", async () => {
    const answer = await ask({});
    expect(answer.status).toBe(401);
    expect(answer.headers.get("WWW-Authenticate")).toBe(
      `Bearer resource_metadata="${issuer}/.well-known/oauth-protected-resource"`,
    );
  });

  it("RFC 9728 5.1: a bad token gets error, error_description and resource_metadata", async () => {
    const answer = await ask({ Authorization: "Bearer a.b.c" });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("WWW-Authenticate")).toBe(
      `Bearer error="invalid_token", error_description="The access token is not valid.", resource_metadata="${issuer}/.well-known/oauth-protected-resource"`,
    );
  });

  it("a token that anybody else signed is refused, with the key in the header too", async () => {
    const pair = await generateKeyPair("ES256", { extractable: true });
    const { kid } = JSON.parse(atob((token.split(".")[0] as string).replace(/-/g, "+").replace(/_/g, "/")));
    const jwk = await crypto.subtle.exportKey("jwk", pair.publicKey);
    for (const extra of [{}, { jwk }, { jku: "https://evil.example/jwks.json" }, { x5u: "https://evil.example/x" }]) {
      const forged = await new SignJWT(decodeJwt(token))
        .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid, ...extra } as never)
        .sign(pair.privateKey);
      expect((await ask({ Authorization: `Bearer ${forged}` })).status).toBe(401);
    }
  });

  it.each(["../../etc/passwd", "' OR 1=1 --", "a b", "x".repeat(300)])(
    "kid %j is refused before any look-up",
    async (kid) => {
      const pair = await generateKeyPair("ES256");
      const forged = await new SignJWT(decodeJwt(token))
        .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid })
        .sign(pair.privateKey);
      expect((await ask({ Authorization: `Bearer ${forged}` })).status).toBe(401);
    },
  );
});
