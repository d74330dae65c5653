/** RFC 7662 over delegation tokens, and over the access tokens made from them. */
import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  call,
  issuer,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../../support/api.ts";
import { exchanged, lend, newParties, type Parties, revoke } from "./_parties.ts";

let operator: Organization;
let parties: Parties;

beforeAll(async () => {
  operator = await theOperator();
  parties = await newParties(operator.token);
});

const introspect = (token: string, init: Parameters<typeof call>[1] = { token: operator.token }) =>
  call("/api/v1/token/introspect", { ...init, form: { token } });

describe("a delegation token", () => {
  it.each([
    ["a bearer token with tokens:read", () => ({ token: operator.token })],
    ["the delegatee's client authentication", () => ({ basic: parties.delegatee })],
  ])("by %s: who lends what to whom", async (_, init) => {
    const { delegationToken, chainId } = await lend(parties);
    const { iat, exp } = decodeJwt(delegationToken.slice("sa_del_".length));
    const answer = await introspect(delegationToken, init());
    expect(answer.body).toEqual({
      active: true,
      scope: "audit:read",
      client_id: parties.delegatee.agentId,
      sub: parties.delegator.agentId,
      act: { sub: parties.delegatee.agentId },
      aud: issuer,
      iss: `did:web:localhost%3A8787:agents:${parties.delegator.agentId}`,
      iat,
      exp,
      jti: chainId,
      token_type: "delegation",
      organization_id: operator.organizationId,
    });
  });

  it("revoked, expired, truncated or of another organization: not active, and nothing more", async () => {
    const revoked = await lend(parties);
    await revoke(parties.token, revoked.chainId);
    const { delegationToken } = await lend(parties, { ttlSeconds: 60 });
    const tenant = await newOrganization();
    expect((await introspect(revoked.delegationToken)).body).toEqual({ active: false });
    expect((await introspect(delegationToken.slice(0, -1))).body).toEqual({ active: false });
    expect((await introspect(delegationToken, { token: tenant.token })).body).toEqual({ active: false });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    const { body } = await introspect(delegationToken);
    vi.useRealTimers();
    expect(body).toEqual({ active: false });
  });

  it("by an access token without tokens:read: a party learns of it, another agent does not", async () => {
    const { delegationToken } = await lend(parties);
    const narrow = await tokenFor(parties.delegator, { scope: "audit:read" });
    expect((await introspect(delegationToken, { token: narrow })).body.active).toBe(true);
    const other = await tokenFor(await newClient(operator.token), { scope: "agents:read" });
    expect((await introspect(delegationToken, { token: other })).body).toEqual({ active: false });
  });
});

describe("an access token made from a delegation", () => {
  it("says who acts for whom, and dies with the chain", async () => {
    const { delegationToken, chainId } = await lend(parties);
    const token = await exchanged(parties.delegatee, delegationToken);
    expect((await introspect(token)).body).toMatchObject({
      active: true,
      sub: parties.delegator.agentId,
      client_id: parties.delegatee.agentId,
      act: { sub: parties.delegatee.agentId },
      token_type: "Bearer",
    });
    await revoke(parties.token, chainId);
    expect((await introspect(token)).body).toEqual({ active: false });
  });

  it("RFC 7009 2.1: the delegatee revokes its token, and the delegation stands", async () => {
    const { delegationToken } = await lend(parties);
    const token = await exchanged(parties.delegatee, delegationToken);
    await call("/api/v1/token/revoke", { basic: parties.delegatee, form: { token } });
    expect((await introspect(token)).body).toEqual({ active: false });
    expect((await introspect(delegationToken)).body.active).toBe(true);
  });
});
