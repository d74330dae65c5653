/** Lending: what the delegator gets, what the token says, and what is recorded. */
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, importJWK, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { call, issuer, newAgent, newCredential, type Organization, theOperator, tokenFor } from "../../support/api.ts";
import { delegate, lend, newParties, type Parties, verify } from "./_parties.ts";

let operator: Organization;
let parties: Parties;

beforeAll(async () => {
  operator = await theOperator();
  parties = await newParties(operator.token);
});

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const did = (agentId: string) => `did:web:localhost%3A8787:agents:${agentId}`;

describe("POST /oauth2/token/delegate", () => {
  it("answers with the delegation and its token, which no cache keeps", async () => {
    const { token, delegator, delegatee } = parties;
    const before = Date.now();
    const answer = await delegate(token, delegatee.agentId, { scopes: ["audit:read", "agents:read"], ttlSeconds: 60 });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    const { issuedAt, expiresAt } = answer.body;
    expect(answer.body).toEqual({
      delegationToken: expect.stringMatching(/^sa_del_[\w-]+\.[\w-]+\.[\w-]+$/),
      chainId: expect.stringMatching(uuidV7),
      delegatorAgentId: delegator.agentId,
      delegateeAgentId: delegatee.agentId,
      scopes: ["audit:read", "agents:read"],
      issuedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(Date.parse(expiresAt) - Date.parse(issuedAt)).toBe(60_000);
    expect(Math.abs(Date.parse(issuedAt) - before)).toBeLessThan(5_000);
  });

  it("the token is signed with the delegator's own DID key", async () => {
    const { delegator, delegatee } = parties;
    const { delegationToken, chainId, issuedAt } = await lend(parties);
    const jws = delegationToken.slice("sa_del_".length);
    expect(decodeProtectedHeader(jws)).toEqual({
      alg: "ES256",
      typ: "delegation+jwt",
      kid: `${did(delegator.agentId)}#key-1`,
    });
    const iat = Math.floor(Date.parse(issuedAt) / 1000);
    expect(decodeJwt(jws)).toEqual({
      iss: did(delegator.agentId),
      sub: did(delegatee.agentId),
      aud: issuer,
      scope: "audit:read",
      organization_id: operator.organizationId,
      delegator: delegator.agentId,
      delegatee: delegatee.agentId,
      jti: chainId,
      iat,
      exp: iat + 900,
    });
    const { body } = await call(`/api/v1/agents/${delegator.agentId}`, { token: operator.token });
    await jwtVerify(jws, await importJWK(body.publicKeyJwk, "ES256"), { typ: "delegation+jwt", algorithms: ["ES256"] });
  });

  it("with the service's key, under the delegator's DID, where the agent keeps its key itself", async () => {
    const { publicKey } = await generateKeyPair("ES256", { extractable: true });
    const fields = {
      grantedScopes: ["agents:read", "audit:read", "webhooks:read"],
      publicKeyJwk: await exportJWK(publicKey),
    };
    const { agentId } = await newAgent(operator.token, fields);
    const own = await newCredential(operator.token, agentId);
    const { delegationToken } = await lend({ token: await tokenFor(own), delegatee: parties.delegatee });
    const { keys } = (await call("/.well-known/jwks.json")).body;
    const { kid } = decodeProtectedHeader(delegationToken.slice("sa_del_".length));
    const [prefix, fragment] = String(kid).split("#");
    expect(prefix).toBe(did(agentId));
    expect(keys.map((key: { kid: string }) => key.kid)).toContain(fragment);
    expect((await verify(operator.token, delegationToken)).body.valid).toBe(true);
  });

  it("all scopes of the token, because the delegator may be granted more", async () => {
    const token = await tokenFor(parties.delegator, { scope: "audit:read" });
    expect((await lend({ token, delegatee: parties.delegatee })).scopes).toEqual(["audit:read"]);
  });

  it("the longest time, and all scopes but one", async () => {
    await lend(parties, { ttlSeconds: 86_400 });
    const grantedScopes = ["agents:write", "agents:read", "tokens:read", "audit:read", "webhooks:read"];
    const { agentId } = await newAgent(operator.token, { grantedScopes });
    const wide = await newCredential(operator.token, agentId);
    const token = await tokenFor(wide, { scope: grantedScopes.join(" ") });
    const { scopes } = await lend({ token, delegatee: parties.delegatee }, { scopes: grantedScopes.slice(1) });
    expect(scopes).toHaveLength(4);
  });

  it("is in the audit log, without the token", async () => {
    const { delegationToken, chainId, expiresAt } = await lend(parties);
    const log = await call(`/api/v1/audit?agentId=${parties.delegator.agentId}&action=delegation.created&limit=1`, {
      token: operator.token,
    });
    expect(log.body.data[0]).toMatchObject({
      target: chainId,
      outcome: "success",
      actor: { agentId: parties.delegator.agentId, credentialId: parties.delegator.credentialId },
      details: { delegateeAgentId: parties.delegatee.agentId, scope: "audit:read", expiresAt },
    });
    expect(log.text).not.toContain(delegationToken.slice(-40));
  });
});
