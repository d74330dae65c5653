/** Taking a delegation back: who may, what dies, and that it dies once. */
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Body,
  call,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../../support/api.ts";
import { exchange, exchanged, lend, list, newParties, type Parties, revoke, use, verify } from "./_parties.ts";

let operator: Organization;
let tenant: Organization;
let parties: Parties;
let delegation: Body;

beforeAll(async () => {
  operator = await theOperator();
  tenant = await newOrganization();
  parties = await newParties(operator.token);
});

beforeEach(async () => {
  delegation = await lend(parties);
});

const isValid = async () => (await verify(operator.token, delegation.delegationToken)).body.valid;
const revocations = async () => {
  const { body } = await call("/api/v1/audit?action=delegation.revoked&limit=100", { token: operator.token });
  return body.data.filter(({ target }: Body) => target === delegation.chainId);
};

describe("204", () => {
  it.each([
    ["the delegator", () => parties.token],
    ["agents:write", () => operator.token],
  ])("by %s: invalid from then on, and so is every token made from it", async (_, token) => {
    const made = await exchanged(parties.delegatee, delegation.delegationToken);
    expect(await use(made)).toBe(200);
    const answer = await revoke(token(), delegation.chainId);
    expect(answer.status).toBe(204);
    expect(answer.text).toBe("");
    expect(await isValid()).toBe(false);
    expect(await use(made)).toBe(401);
    expect((await exchange(parties.delegatee, delegation.delegationToken)).body.error).toBe("invalid_grant");
  });

  it("again and again, 20 at once: it was revoked once, at the first time", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => revoke(parties.token, delegation.chainId)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(204));
    const { revokedAt } = (await verify(operator.token, delegation.delegationToken)).body;
    expect((await revoke(parties.token, delegation.chainId)).status).toBe(204);
    expect((await verify(operator.token, delegation.delegationToken)).body.revokedAt).toBe(revokedAt);
    expect((await list(parties.token, "?limit=1")).body.data[0]).toMatchObject({ status: "revoked", revokedAt });
    expect(await revocations()).toMatchObject([
      {
        agentId: parties.delegator.agentId,
        actor: { agentId: parties.delegator.agentId },
        details: { delegateeAgentId: parties.delegatee.agentId, scope: "audit:read" },
      },
    ]);
  });

  it("of one that has expired changes nothing", async () => {
    const expired = await lend(parties, { ttlSeconds: 60 });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    const answer = await revoke(parties.token, expired.chainId);
    const { revokedAt } = (await verify(operator.token, expired.delegationToken)).body;
    vi.useRealTimers();
    expect(answer.status).toBe(204);
    expect(revokedAt).toBe(null);
  });

  it("leaves other delegations of the same two alone", async () => {
    const other = await lend(parties);
    await revoke(parties.token, delegation.chainId);
    expect((await verify(operator.token, other.delegationToken)).body.valid).toBe(true);
  });

  it("by RFC 7009 with the delegation token itself", async () => {
    for (const init of [{ basic: parties.delegator }, { token: operator.token }]) {
      const { delegationToken } = await lend(parties);
      const made = await exchanged(parties.delegatee, delegationToken);
      const answer = await call("/api/v1/token/revoke", { ...init, form: { token: delegationToken } });
      expect(answer.status).toBe(200);
      expect((await verify(operator.token, delegationToken)).body.valid).toBe(false);
      expect(await use(made)).toBe(401);
    }
  });
});

describe("404 with one body, and the delegation stands", () => {
  const unknown = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";
  const withoutRequestId = ({ status, body }: { status: number; body: Body }) => ({
    status,
    body: { ...body, requestId: "" },
  });

  it.each([
    ["the delegatee", async () => parties.delegateeToken],
    ["another agent", async () => tokenFor(await newClient(operator.token))],
    ["another organization", async () => tenant.token],
    [
      "the delegatee with the authority that it was lent",
      async () => exchanged(parties.delegatee, delegation.delegationToken),
    ],
  ])("%s", async (_, token) => {
    const bearer = await token();
    const answer = await revoke(bearer, delegation.chainId);
    expect(answer.status).toBe(404);
    expect(answer.body.code).toBe("DELEGATION_NOT_FOUND");
    expect(withoutRequestId(answer)).toEqual(withoutRequestId(await revoke(bearer, unknown)));
    expect(await isValid()).toBe(true);
  });

  it("RFC 7009 2.2: those who may not get 200 all the same", async () => {
    for (const init of [{ basic: parties.delegatee }, { token: tenant.token }]) {
      const form = { token: delegation.delegationToken };
      expect((await call("/api/v1/token/revoke", { ...init, form })).status).toBe(200);
    }
    expect(await isValid()).toBe(true);
  });

  it("400 for what is no id, 401 without a token", async () => {
    expect((await revoke(parties.token, "no-id")).body.code).toBe("VALIDATION_ERROR");
    expect((await call(`/api/v1/oauth2/token/delegate/${delegation.chainId}`, { method: "DELETE" })).status).toBe(401);
  });
});
