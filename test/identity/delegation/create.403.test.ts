/** A delegation has two parties: what was lent is not lent on. */
import { beforeAll, expect, it } from "vitest";
import { call, newClient, theOperator } from "../../support/api.ts";
import { delegate, exchanged, lend, list, newParties, type Parties } from "./_parties.ts";

let admin: string;
let parties: Parties;

beforeAll(async () => {
  admin = (await theOperator()).token;
  parties = await newParties(admin);
});

it("a token with lent authority cannot lend, whatever is left of its scopes", async () => {
  const { delegationToken } = await lend(parties, { scopes: ["audit:read", "agents:read"] });
  const token = await exchanged(parties.delegatee, delegationToken);
  const third = await newClient(admin);
  const answer = await delegate(token, third.agentId);
  expect(answer.status).toBe(403);
  expect(answer.body).toMatchObject({
    code: "FORBIDDEN",
    message: "A delegation cannot be passed on: use a token of your own.",
  });
});

it("nor does it list what the delegator has given", async () => {
  const { delegationToken } = await lend(parties);
  const answer = await list(await exchanged(parties.delegatee, delegationToken));
  expect(answer.status).toBe(403);
  expect(answer.body.code).toBe("FORBIDDEN");
});

it("401 without a token, and with a delegation token in its place", async () => {
  const { delegationToken } = await lend(parties);
  for (const headers of [{}, { Authorization: `Bearer ${delegationToken}` }]) {
    const answer = await call("/api/v1/oauth2/token/delegate", {
      headers: headers as Record<string, string>,
      json: {},
    });
    expect(answer.status).toBe(401);
    expect(answer.body.code).toBe("UNAUTHORIZED");
  }
});
