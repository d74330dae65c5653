/**
 * Attack: a delegation widened, forged, re-delegated, exchanged by a third agent, exchanged while being revoked (race):
 * refused; after 204 never valid.
 */
import { decodeJwt, decodeProtectedHeader, generateKeyPair } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  delegate,
  exchange,
  exchanged,
  lend,
  newParties,
  type Parties,
  revoke,
  use,
  verify,
} from "../identity/delegation/_parties.ts";
import {
  type Answer,
  adminToken,
  type Body,
  call,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../support/api.ts";
import { signedBy, signedByService, unsigned } from "./_forging.ts";

let tenant: Organization;
let parties: Parties;

beforeAll(async () => {
  tenant = await newOrganization();
  parties = await newParties(tenant.token);
});

const subsetsOf = (all: readonly string[]): string[][] =>
  all.reduce<string[][]>((subsets, scope) => subsets.flatMap((subset) => [subset, [...subset, scope]]), [[]]);
const isWithin = (some: readonly string[], all: readonly string[]) => some.every((scope) => all.includes(scope));

describe("nothing widens: every subset of what there is", () => {
  const ofToken = ["audit:read", "webhooks:read", "agents:read"];
  const all = [...ofToken, "agents:write"];

  it("is lent exactly when it is in the token, because the delegator may be granted more", async () => {
    for (const scopes of subsetsOf(all)) {
      const { status, text } = await delegate(parties.token, parties.delegatee.agentId, { scopes });
      expect(status, `${scopes} ${text}`).toBe(scopes.length > 0 && isWithin(scopes, ofToken) ? 201 : 400);
    }
  });

  it("is granted by the exchange exactly when it was lent", async () => {
    const lent = ["audit:read", "agents:read"];
    const { delegationToken } = await lend(parties, { scopes: lent });
    for (const scopes of subsetsOf(all).filter(({ length }) => length > 0)) {
      const { status, body, text } = await exchange(parties.delegatee, delegationToken, { scope: scopes.join(" ") });
      expect(status, `${scopes} ${text}`).toBe(isWithin(scopes, lent) ? 200 : 400);
      if (status === 200) expect(body.scope.split(" ").sort()).toEqual(scopes.toSorted());
    }
  });

  it("nor does its time", async () => {
    for (const ttlSeconds of [59, 86_401, 0, -1, 1e9, 60.5, "900", null]) {
      expect((await delegate(parties.token, parties.delegatee.agentId, { ttlSeconds })).status).toBe(400);
    }
  });
});

describe("it cannot be passed on", () => {
  it("by its token, whatever is lent and to whom", async () => {
    const { delegationToken } = await lend(parties, { scopes: ["audit:read", "agents:read"] });
    const made = await exchanged(parties.delegatee, delegationToken);
    const third = await newClient(tenant.token);
    for (const agentId of [third.agentId, parties.delegator.agentId, parties.delegatee.agentId, tenant.agentId]) {
      const answer = await delegate(made, agentId, { scopes: ["agents:read"] });
      expect([answer.status, answer.body.code]).toEqual([403, "FORBIDDEN"]);
    }
  });

  it("by its delegatee, from what it was lent", async () => {
    await lend(parties);
    const answer = await delegate(parties.delegateeToken, tenant.agentId, { scopes: ["audit:read"] });
    expect(answer.status).toBe(400);
  });

  it("to a third agent, which has the token", async () => {
    const { delegationToken } = await lend(parties);
    const others = [
      parties.delegator,
      await newClient(tenant.token),
      tenant,
      await newOrganization(),
      await theOperator(),
    ];
    for (const client of others) {
      expect((await exchange(client, delegationToken)).body.error).toBe("invalid_grant");
    }
  });
});

describe("it cannot be forged", () => {
  it("with any key but the delegator's, nor by what its header says", async () => {
    const { delegationToken } = await lend(parties);
    const honest = delegationToken.slice("sa_del_".length);
    const header = decodeProtectedHeader(honest) as Record<string, unknown>;
    const claims = decodeJwt(honest);
    const wider = { ...claims, scope: "audit:read webhooks:read agents:read" };
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = await crypto.subtle.exportKey("jwk", publicKey);
    const [first, , third] = honest.split(".");
    const others = await newParties(tenant.token);
    const theirs = decodeProtectedHeader((await lend(others)).delegationToken.slice("sa_del_".length));
    const forged = [
      await signedBy(privateKey, wider, header),
      await signedBy(privateKey, claims, header),
      await signedBy(privateKey, wider, { ...header, jwk }),
      await signedBy(privateKey, wider, { ...header, jku: "https://evil.example/keys" }),
      await signedBy(privateKey, wider, { ...header, kid: theirs.kid }),
      await signedByService(wider, header),
      await signedByService(wider, { typ: "delegation+jwt" }),
      await signedByService({ ...wider, delegator: others.delegator.agentId }, { typ: "delegation+jwt" }),
      unsigned({ ...header, alg: "none" }, wider),
      unsigned({ ...header, alg: "none" }, wider, ""),
      unsigned({ ...header, alg: "HS256" }, wider, third),
      unsigned(header, wider, third),
      `${first}.${honest.split(".")[1]}.`,
    ];
    for (const token of forged) {
      expect((await verify(tenant.token, `sa_del_${token}`)).body).toEqual({ valid: false });
      expect((await exchange(parties.delegatee, `sa_del_${token}`)).body.error).toBe("invalid_grant");
    }
    expect((await verify(tenant.token, delegationToken)).body.valid).toBe(true);
  });
});

describe("exchanged while it is taken back: whatever was answered before, nothing lives after", () => {
  const patch = (agentId: string, json: unknown) =>
    call(`/api/v1/agents/${agentId}`, { method: "PATCH", token: tenant.token, json });

  it.each<[string, (parties: Parties, delegation: Body) => Promise<Answer>]>([
    ["its delegator revokes it", ({ token }, { chainId }) => revoke(token, chainId)],
    ["an admin revokes it", (_, { chainId }) => revoke(tenant.token, chainId)],
    [
      "its delegator revokes it by RFC 7009",
      ({ delegator }, { delegationToken }) =>
        call("/api/v1/token/revoke", { basic: delegator, form: { token: delegationToken } }),
    ],
    ["its delegator is suspended", ({ delegator }) => patch(delegator.agentId, { status: "suspended" })],
    ["its delegatee is suspended", ({ delegatee }) => patch(delegatee.agentId, { status: "suspended" })],
    [
      "its delegator loses what it lent",
      ({ delegator }) => patch(delegator.agentId, { grantedScopes: ["agents:read", "webhooks:read"] }),
    ],
    [
      "its delegator is decommissioned",
      ({ delegator }) => call(`/api/v1/agents/${delegator.agentId}`, { method: "DELETE", token: tenant.token }),
    ],
    [
      "its delegator's credential is revoked",
      ({ delegator: { agentId, credentialId } }) =>
        call(`/api/v1/agents/${agentId}/credentials/${credentialId}`, { method: "DELETE", token: tenant.token }),
    ],
  ])("%s", async (_, end) => {
    const mine = await newParties(await adminToken(tenant));
    const delegation = await lend(mine);
    const made: string[] = [];
    const tryExchange = async () => {
      const answer = await exchange(mine.delegatee, delegation.delegationToken);
      if (answer.status === 200) made.push(answer.body.access_token);
      return answer;
    };
    made.push(await exchanged(mine.delegatee, delegation.delegationToken));
    const racing = Promise.all(Array.from({ length: 50 }, tryExchange));
    const ended = await end(mine, delegation);
    expect(ended.status, ended.text).toBeLessThan(300);
    const after = await Promise.all(Array.from({ length: 10 }, tryExchange));
    expect(after.filter(({ status }) => status === 200)).toEqual([]);
    for (const { status, text } of await racing) expect([200, 400, 401], text).toContain(status);
    expect((await verify(await tokenFor(tenant), delegation.delegationToken)).body.valid).toBe(false);
    expect(new Set(await Promise.all(made.map(use)))).toEqual(new Set([401]));
  });
});
