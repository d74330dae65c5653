/** The write routes of delegation. */
import { expect } from "vitest";
import { exchanged, lend, newParties, use, verify } from "../../identity/delegation/_parties.ts";
import type { Scenarios } from "../support/attack.ts";
import { inSharedOrganization } from "../support/organization.ts";

const namesOf = ({ delegator, delegatee }: Awaited<ReturnType<typeof newParties>>) => ({
  [delegator.agentId]: "delegator",
  [delegatee.agentId]: "delegatee",
  [delegator.credentialId]: "of-delegator",
  [delegatee.credentialId]: "of-delegatee",
});

export const delegationScenarios: Scenarios = {
  createDelegation: inSharedOrganization("observed", async (organization) => {
    const parties = await newParties(organization.token);
    const json = { delegateeAgentId: parties.delegatee.agentId, scopes: ["audit:read"], ttlSeconds: 900 };
    return { path: "/api/v1/oauth2/token/delegate", call: { token: parties.token, json }, names: namesOf(parties) };
  }),

  verifyDelegation: inSharedOrganization("unobserved", async ({ token }) => {
    const parties = await newParties(token);
    const { delegationToken, chainId } = await lend(parties);
    return {
      path: "/api/v1/oauth2/token/verify-delegation",
      call: { token: parties.delegateeToken, json: { delegationToken } },
      names: { ...namesOf(parties), [chainId]: "chain" },
    };
  }),

  revokeDelegation: inSharedOrganization("observed", async (organization) => {
    const parties = await newParties(organization.token);
    const { delegationToken, chainId } = await lend(parties);
    const live = await exchanged(parties.delegatee, delegationToken);
    return {
      path: `/api/v1/oauth2/token/delegate/${chainId}`,
      call: { method: "DELETE", token: parties.token },
      names: { ...namesOf(parties), [chainId]: "chain" },
      check: async () => {
        expect(await use(live)).toBe(401);
        expect((await verify(parties.delegateeToken, delegationToken)).body.valid).toBe(false);
      },
    };
  }),
};
