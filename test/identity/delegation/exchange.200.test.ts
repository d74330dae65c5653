/** RFC 8693: the delegatee turns a delegation into an access token of the delegator's authority. */
import { createLocalJWKSet, decodeJwt, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { call, issuer, newAgent, resourceOf, theOperator } from "../../support/api.ts";
import {
  accessTokenType,
  exchange,
  exchanged,
  exchangeGrant,
  lend,
  newParties,
  type Parties,
  use,
} from "./_parties.ts";

let admin: string;
let parties: Parties;

beforeAll(async () => {
  admin = (await theOperator()).token;
  parties = await newParties(admin);
});

afterEach(() => {
  vi.useRealTimers();
});

describe("RFC 8693 2.2: the answer", () => {
  it("is an access token of the delegator, with the delegatee as actor", async () => {
    const { delegator, delegatee } = parties;
    const { delegationToken, chainId } = await lend(parties, { scopes: ["audit:read", "agents:read"] });
    const answer = await exchange(delegatee, delegationToken);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    const { access_token, expires_in } = answer.body;
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      issued_token_type: accessTokenType,
      token_type: "Bearer",
      expires_in: expect.any(Number),
      scope: "audit:read agents:read",
    });
    const keys = createLocalJWKSet((await call("/.well-known/jwks.json")).body);
    const { payload } = await jwtVerify(access_token, keys, { issuer, audience: issuer, typ: "at+jwt" });
    expect(payload).toMatchObject({
      sub: delegator.agentId,
      client_id: delegatee.agentId,
      act: { sub: delegatee.agentId },
      delegation_chain: chainId,
      scope: "audit:read agents:read",
      agent_type: "orchestrator",
    });
    expect(expires_in).toBe(Number(payload.exp) - Number(payload.iat));
  });

  it("opens the API with the lent scopes, and with no others", async () => {
    const { delegationToken } = await lend(parties, { scopes: ["agents:read"] });
    const token = await exchanged(parties.delegatee, delegationToken);
    expect((await call("/api/v1/agents", { token })).status).toBe(200);
    expect((await call("/api/v1/audit", { token })).status).toBe(403);
  });

  it("again and again while the delegation lives, each a token of its own", async () => {
    const { delegationToken } = await lend(parties);
    const tokens = await Promise.all(Array.from({ length: 10 }, () => exchanged(parties.delegatee, delegationToken)));
    expect(new Set(tokens.map((token) => decodeJwt(token).jti)).size).toBe(10);
  });
});

describe("nothing widens", () => {
  it("fewer scopes when fewer are asked for", async () => {
    const { delegationToken } = await lend(parties, { scopes: ["audit:read", "agents:read"] });
    const answer = await exchange(parties.delegatee, delegationToken, { scope: "audit:read" });
    expect(answer.body.scope).toBe("audit:read");
  });

  it("the token lives no longer than what is left of the delegation", async () => {
    const { delegationToken, expiresAt } = await lend(parties, { ttlSeconds: 600 });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(expiresAt) - 100_000 });
    const { access_token, expires_in } = (await exchange(parties.delegatee, delegationToken)).body;
    expect(expires_in).toBeLessThanOrEqual(101);
    expect(decodeJwt(access_token).exp).toBe(Math.floor(Date.parse(expiresAt) / 1000));
  });

  it("nor longer than any other token", async () => {
    const { delegationToken } = await lend(parties, { ttlSeconds: 86_400 });
    expect((await exchange(parties.delegatee, delegationToken)).body.expires_in).toBe(3600);
  });
});

describe("the other rules of the token endpoint hold", () => {
  it("RFC 8707 2: resource is this service; every other is refused", async () => {
    const { delegationToken } = await lend(parties);
    const { body } = await exchange(parties.delegatee, delegationToken, { resource: `${issuer}/` });
    expect(decodeJwt(body.access_token).aud).toBe(issuer);
    expect(await use(body.access_token)).toBe(200);
    const resource = await resourceOf(await theOperator());
    const refused = await exchange(parties.delegatee, delegationToken, { resource });
    expect([refused.status, refused.body.error]).toEqual([400, "invalid_target"]);
  });

  it.each([
    [
      "client_secret_post",
      () => ({ client_id: parties.delegatee.clientId, client_secret: parties.delegatee.clientSecret }),
    ],
  ])("%s", async (_, fields) => {
    const { delegationToken } = await lend(parties);
    const form = {
      grant_type: exchangeGrant,
      subject_token: delegationToken,
      subject_token_type: "urn:sentryagent:token-type:delegation",
      requested_token_type: accessTokenType,
      ...fields(),
    };
    expect((await call("/api/v1/token", { form })).status).toBe(200);
    expect((await call("/api/v1/oauth2/token", { form })).status).toBe(200);
  });

  it("private_key_jwt", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const { agentId } = await newAgent(admin, { publicKeyJwk: await exportJWK(publicKey) });
    const { delegationToken } = await lend({ ...parties, delegatee: { ...parties.delegatee, agentId } });
    const assertion = await new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: "ES256" })
      .setIssuer(agentId)
      .setSubject(agentId)
      .setAudience(issuer)
      .setIssuedAt()
      .setExpirationTime("1m")
      .sign(privateKey);
    const answer = await call("/api/v1/token", {
      form: {
        grant_type: exchangeGrant,
        subject_token: delegationToken,
        subject_token_type: "urn:sentryagent:token-type:delegation",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      },
    });
    expect(answer.status, answer.text).toBe(200);
    expect(decodeJwt(answer.body.access_token)).toMatchObject({ act: { sub: agentId }, client_id: agentId });
  });

  it("RFC 9449 5: a proof binds the token to the delegatee's key", async () => {
    const { delegationToken } = await lend(parties);
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const { kty, crv, x, y } = await exportJWK(publicKey);
    const jwk = { kty, crv, x, y } as { kty: string };
    const proof = await new SignJWT({ jti: crypto.randomUUID(), htm: "POST", htu: `${issuer}/api/v1/token` })
      .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk })
      .setIssuedAt()
      .sign(privateKey);
    const { body } = await exchange(parties.delegatee, delegationToken, {}, { headers: { DPoP: proof } });
    expect(body.token_type).toBe("DPoP");
    expect(decodeJwt(body.access_token).cnf).toEqual({ jkt: expect.any(String) });
    expect(await use(body.access_token)).toBe(401);
  });
});

describe("the audit log", () => {
  it("tells of the token and of the exchange, with the delegatee as actor", async () => {
    const { delegationToken, chainId } = await lend(parties);
    const token = await exchanged(parties.delegatee, delegationToken);
    const { jti } = decodeJwt(token);
    const actor = { agentId: parties.delegatee.agentId, credentialId: parties.delegatee.credentialId };
    const issued = await call("/api/v1/audit?action=token.issued&limit=1", { token: admin });
    expect(issued.body.data[0]).toMatchObject({
      target: jti,
      actor,
      details: { grant: exchangeGrant, chainId, scope: "audit:read" },
    });
    const told = await call("/api/v1/audit?action=delegation.exchanged&limit=1", { token: admin });
    expect(told.body.data[0]).toMatchObject({
      agentId: parties.delegator.agentId,
      target: chainId,
      actor,
      details: { tokenId: jti, scope: "audit:read" },
    });
  });
});
