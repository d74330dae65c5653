/** Verifications and exchanges that race a revocation: after its answer there is nothing left. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Answer, type Body, call, newOrganization, type Organization } from "../../support/api.ts";
import { delegate, exchange, lend, list, newParties, type Parties, revoke, use, verify } from "./_parties.ts";

let tenant: Organization;
let parties: Parties;

beforeAll(async () => {
  tenant = await newOrganization({ planTier: "enterprise" });
  parties = await newParties(tenant.token);
});

const width = 50;
const many = <T>(work: () => Promise<T>) => Promise.all(Array.from({ length: width }, work));

describe.each([
  ["its delegator revokes it", (chainId: string) => revoke(parties.token, chainId)],
  ["an admin revokes it", (chainId: string) => revoke(tenant.token, chainId)],
])("%s while 50 verify and 50 exchange", (_, end) => {
  it("every answer that starts after the 204 says invalid, and every token made from the chain is dead", async () => {
    for (let round = 0; round < 3; round++) {
      const delegation: Body = await lend(parties);
      const { delegationToken, chainId } = delegation;
      const made: string[] = [];
      const tryExchange = async (): Promise<Answer> => {
        const answer = await exchange(parties.delegatee, delegationToken);
        if (answer.status === 200) made.push(answer.body.access_token);
        return answer;
      };
      const racing = [many(() => verify(tenant.token, delegationToken)), many(tryExchange)];
      const answer = await end(chainId);
      expect(answer.status).toBe(204);

      const after = await many(() => verify(tenant.token, delegationToken));
      expect(after.map(({ body }) => body.valid)).toEqual(Array(width).fill(false));
      const refused = await many(tryExchange);
      expect(refused.map(({ body }) => body.error)).toEqual(Array(width).fill("invalid_grant"));

      const [verified = [], exchanges = []] = await Promise.all(racing);
      expect(verified.map(({ status }) => status)).toEqual(Array(width).fill(200));
      expect(exchanges.filter(({ status }) => status !== 200 && status !== 400)).toEqual([]);
      expect(await Promise.all(made.map(use))).toEqual(made.map(() => 401));
    }
  });
});

describe("lending races the end of what is lent", () => {
  it("whoever got an answer may have lost it again, but nothing stands and lists know it", async () => {
    const mine = await newParties(tenant.token);
    const { agentId } = mine.delegator;
    const lending = Promise.all(Array.from({ length: 20 }, () => delegate(mine.token, mine.delegatee.agentId)));
    const suspended = await call(`/api/v1/agents/${agentId}`, {
      method: "PATCH",
      token: tenant.token,
      json: { status: "suspended" },
    });
    expect(suspended.status).toBe(200);
    const answers = await lending;
    await call(`/api/v1/agents/${agentId}`, { method: "PATCH", token: tenant.token, json: { status: "active" } });
    for (const { status, body } of answers) {
      if (status !== 201) expect(body.code).toBe("UNAUTHORIZED");
      else expect((await verify(tenant.token, body.delegationToken)).body.valid).toBe(false);
    }
    expect((await list(mine.delegateeToken, "?status=active")).body.data).toEqual([]);
  });
});
