/** Asking whether a delegation stands: the facts of what is or was one, and not a word about anything else. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { call, newOrganization, type Organization, theOperator, tokenFor } from "../../support/api.ts";
import { encoded, exchanged, lend, newParties, type Parties, revoke, verify } from "./_parties.ts";

const { DELEGATION_CHAIN } = env as unknown as { DELEGATION_CHAIN: DurableObjectNamespace };

let operator: Organization;
let tenant: Organization;
let parties: Parties;

beforeAll(async () => {
  operator = await theOperator();
  tenant = await newOrganization();
  parties = await newParties(operator.token);
});

afterEach(() => {
  vi.useRealTimers();
});

const later = (seconds: number) => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 });
const factsOf = ({ delegationToken: _, ...facts }: Record<string, unknown>) => facts;

describe("a delegation of the organization", () => {
  it.each([
    ["its delegator", () => parties.token],
    ["its delegatee", () => parties.delegateeToken],
    ["any other agent", () => operator.token],
  ])("is valid, to %s", async (_, token) => {
    const delegation = await lend(parties);
    const answer = await verify(token(), delegation.delegationToken);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(answer.body).toEqual({ valid: true, ...factsOf(delegation), revokedAt: null });
  });

  it("to a token with lent authority", async () => {
    const { delegationToken } = await lend(parties);
    const token = await exchanged(parties.delegatee, delegationToken);
    expect((await verify(token, delegationToken)).body.valid).toBe(true);
  });

  it("revoked: not valid, with the facts and the time", async () => {
    const delegation = await lend(parties);
    expect((await revoke(parties.token, delegation.chainId)).status).toBe(204);
    const { body } = await verify(operator.token, delegation.delegationToken);
    expect(body).toEqual({ valid: false, ...factsOf(delegation), revokedAt: expect.stringMatching(/Z$/) });
    expect(Math.abs(Date.parse(body.revokedAt) - Date.now())).toBeLessThan(5_000);
  });

  it("expired: not valid to the millisecond, with the facts, and never revoked", async () => {
    const delegation = await lend(parties, { ttlSeconds: 60 });
    const expiresAtMs = Date.parse(delegation.expiresAt);
    vi.useFakeTimers({ toFake: ["Date"], now: expiresAtMs - 1 });
    expect((await verify(operator.token, delegation.delegationToken)).body.valid).toBe(true);
    vi.setSystemTime(expiresAtMs);
    expect((await verify(operator.token, delegation.delegationToken)).body).toEqual({
      valid: false,
      ...factsOf(delegation),
      revokedAt: null,
    });
  });

  it("what becomes of the delegator after the end is no revocation", async () => {
    const { delegator, delegatee, token } = await newParties(operator.token);
    const delegation = await lend({ token, delegatee }, { ttlSeconds: 60 });
    later(120);
    const path = `/api/v1/agents/${delegator.agentId}`;
    await call(path, { method: "PATCH", token: operator.token, json: { status: "suspended" } });
    expect((await verify(operator.token, delegation.delegationToken)).body).toMatchObject({
      valid: false,
      revokedAt: null,
    });
  });

  it("days after its end, when object and ledger have forgotten it, the facts are those of the record", async () => {
    const delegation = await lend(parties, { ttlSeconds: 60 });
    const revoked = await lend(parties, { ttlSeconds: 60 });
    await revoke(parties.token, revoked.chainId);
    const { revokedAt } = (await verify(operator.token, revoked.delegationToken)).body;
    for (const { chainId } of [delegation, revoked]) {
      const stub = DELEGATION_CHAIN.get(DELEGATION_CHAIN.idFromName(chainId));
      await runInDurableObject(stub, (_, state) => state.storage.deleteAll());
    }
    later(3 * 86_400);
    const token = await tokenFor(operator);
    for (const [subject, time] of [
      [delegation, null],
      [revoked, revokedAt],
    ]) {
      const { body } = await verify(token, subject.delegationToken);
      expect(body).toEqual({ valid: false, ...factsOf(subject), revokedAt: time });
    }
  });

  it("a chain that is not there is no valid delegation, even before the end", async () => {
    const { chainId, delegationToken } = await lend(parties);
    const stub = DELEGATION_CHAIN.get(DELEGATION_CHAIN.idFromName(chainId));
    await runInDurableObject(stub, (_, state) => state.storage.deleteAll());
    expect((await verify(operator.token, delegationToken)).body.valid).toBe(false);
  });

  it("each question is in the audit log, without the token", async () => {
    const { delegationToken, chainId } = await lend(parties);
    await verify(parties.delegateeToken, delegationToken);
    await revoke(parties.token, chainId);
    await verify(operator.token, delegationToken);
    const log = await call("/api/v1/audit?action=delegation.verified&limit=2", { token: operator.token });
    expect(log.body.data).toMatchObject([
      { target: chainId, actor: { agentId: operator.agentId }, details: { valid: false, scope: "audit:read" } },
      { target: chainId, actor: { agentId: parties.delegatee.agentId }, details: { valid: true } },
    ]);
    expect(log.text).not.toContain(delegationToken.slice(-40));
  });
});

describe("anything else is not valid, and nothing more is said", () => {
  const parts = (token: string) => token.slice("sa_del_".length).split(".") as [string, string, string];
  const claimsOf = (token: string) => JSON.parse(atob(parts(token)[1].replace(/-/g, "+").replace(/_/g, "/")));
  const widened = (token: string) => {
    const [header, , signature] = parts(token);
    const claims = { ...claimsOf(token), scope: "audit:read webhooks:read agents:write" };
    return `sa_del_${header}.${encoded(claims)}.${signature}`;
  };
  const signedBy = async (token: string, key: CryptoKey, header: Record<string, unknown> = {}) => {
    const original = JSON.parse(atob(parts(token)[0].replace(/-/g, "+").replace(/_/g, "/")));
    const jws = new SignJWT(claimsOf(token)).setProtectedHeader({ ...original, ...header });
    return `sa_del_${await jws.sign(key)}`;
  };
  const forged = async (token: string, header: Record<string, unknown> = {}) =>
    signedBy(token, (await generateKeyPair("ES256")).privateKey, header);

  it.each<[string, (token: string) => string | Promise<string>]>([
    ["nothing", () => ""],
    ["rubbish", () => "sa_del_rubbish"],
    ["without its prefix", (token) => token.slice("sa_del_".length)],
    ["with the prefix twice", (token) => `sa_del_${token}`],
    ["truncated by a character", (token) => token.slice(0, -1)],
    ["extended by a character", (token) => `${token}A`],
    ["without a signature", (token) => `${token.slice(0, token.lastIndexOf("."))}.`],
    ["with other scopes", widened],
    ["alg none", (token) => `sa_del_${encoded({ alg: "none", typ: "delegation+jwt" })}.${parts(token)[1]}.`],
    ["signed by somebody else's key", (token) => forged(token)],
    ["signed by somebody else's key, which it brings along", (token) => forged(token, { jwk: { kty: "EC" } })],
    ["a key that was never made", (token) => forged(token, { kid: `${claimsOf(token).iss}#key-2` })],
    ["a key of another agent", (token) => forged(token, { kid: `${claimsOf(token).sub}#key-1` })],
    ["a key id that is none", (token) => forged(token, { kid: `${claimsOf(token).iss}#key-1%27--` })],
  ])("%s", async (_, change) => {
    const { delegationToken } = await lend(parties);
    const answer = await verify(operator.token, await change(delegationToken));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ valid: false });
  });

  it("signed with a key that the agent keeps itself: the service gave no such delegation", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const mine = await newParties(operator.token);
    const { delegationToken } = await lend(mine);
    const path = `/api/v1/agents/${mine.delegator.agentId}`;
    const json = { publicKeyJwk: await exportJWK(publicKey) };
    expect((await call(path, { method: "PATCH", token: operator.token, json })).status).toBe(200);
    const { iss } = claimsOf(delegationToken);
    const own = await signedBy(delegationToken, privateKey, { kid: `${iss}#key-2` });
    expect((await verify(operator.token, own)).body).toEqual({ valid: false });
    expect((await verify(operator.token, delegationToken)).body.valid).toBe(true);
  });

  it("a delegation of another organization", async () => {
    const { delegationToken } = await lend(parties);
    expect((await verify(tenant.token, delegationToken)).body).toEqual({ valid: false });
  });

  it("an access token, with or without the prefix", async () => {
    for (const token of [parties.token, `sa_del_${parties.token}`]) {
      expect((await verify(operator.token, token)).body).toEqual({ valid: false });
    }
  });
});

describe("a request that asks nothing", () => {
  it.each([
    ["no field", {}],
    ["a number", { delegationToken: 1 }],
    ["null", { delegationToken: null }],
    ["an unknown field beside it", { delegationToken: "x", scope: "audit:read" }],
  ])("%s: 400", async (_, json) => {
    const answer = await call("/api/v1/oauth2/token/verify-delegation", { token: operator.token, json });
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe("VALIDATION_ERROR");
  });

  it("401 without a token", async () => {
    const answer = await call("/api/v1/oauth2/token/verify-delegation", { json: { delegationToken: "x" } });
    expect(answer.status).toBe(401);
  });
});
