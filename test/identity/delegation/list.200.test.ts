/** What an agent gave and what it got. */
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Body, newOrganization, theOperator, tokenFor } from "../../support/api.ts";
import { lend, list, newParties, type Parties, revoke } from "./_parties.ts";

let admin: string;
let parties: Parties;
let given: Body[];
let back: Body;

beforeAll(async () => {
  admin = (await theOperator()).token;
  parties = await newParties(admin);
  given = [];
  for (const ttlSeconds of [60, 900, 900]) given.push(await lend(parties, { ttlSeconds }));
  await revoke(parties.token, given[1].chainId);
  const wide = await tokenFor(parties.delegatee, { scope: "tokens:read agents:read" });
  back = await lend({ token: wide, delegatee: parties.delegator }, { scopes: ["tokens:read"] });
});

afterEach(() => {
  vi.useRealTimers();
});

const ids = async (token: string, query = "") => {
  const answer = await list(token, query);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data.map(({ chainId }: Body) => chainId);
};

describe("GET /oauth2/token/delegations", () => {
  it("newest first, given and got, without tokens", async () => {
    const [first, second, third] = given.map(({ chainId }) => chainId);
    expect(await ids(parties.token)).toEqual([back.chainId, third, second, first]);
    const { body } = await list(parties.token, "?limit=2");
    const { delegationToken: _, ...facts } = given[2];
    expect(body.data[1]).toEqual({ ...facts, status: "active", revokedAt: null });
  });

  it("the other party sees the same ones from its side", async () => {
    expect(await ids(parties.delegateeToken)).toEqual(await ids(parties.token));
    expect(await ids(parties.delegateeToken, "?role=delegator")).toEqual([back.chainId]);
    expect(await ids(parties.token, "?role=delegatee")).toEqual([back.chainId]);
    expect(await ids(parties.token, "?role=delegator")).toHaveLength(3);
  });

  it.each([
    ["active", 0, () => [back.chainId, given[2].chainId, given[0].chainId]],
    ["revoked", 0, () => [given[1].chainId]],
    ["expired", 0, () => []],
    ["active", 61, () => [back.chainId, given[2].chainId]],
    ["expired", 61, () => [given[0].chainId]],
    ["revoked", 1_000, () => [given[1].chainId]],
    ["expired", 1_000, () => [back.chainId, given[2].chainId, given[0].chainId]],
  ])("status=%s after %i s", async (status, seconds, expected) => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 });
    const { body } = await list(parties.token, `?status=${status}`);
    expect(body.data.map(({ chainId }: Body) => chainId)).toEqual(expected());
    expect(body.data.map((item: Body) => item.status)).toEqual(expected().map(() => status));
  });

  it("by pages, stable while delegations are added", async () => {
    const mine = await newParties(admin);
    const all: string[] = [];
    for (let round = 0; round < 5; round++) all.unshift((await lend(mine)).chainId);
    const pages: string[] = [];
    let query = "?limit=2";
    for (;;) {
      const { body } = await list(mine.token, query);
      pages.push(...body.data.map(({ chainId }: Body) => chainId));
      if (body.nextCursor === null) break;
      query = `?limit=2&cursor=${body.nextCursor}`;
      await lend(mine);
    }
    expect(pages).toEqual(all);
  });

  it("a cursor of somebody else's list is none of this one", async () => {
    const { body } = await list(parties.token, "?limit=1");
    const answer = await list(parties.delegateeToken, `?cursor=${body.nextCursor}`);
    expect(answer.status).toBe(400);
    expect(answer.body.details.issues).toMatchObject([{ path: "cursor" }]);
  });

  it("nobody sees those of others, not even an admin", async () => {
    expect(await ids(admin)).toEqual([]);
    expect(await ids((await newOrganization()).token)).toEqual([]);
  });

  it.each(["role=owner", "status=dead", "limit=0"])("400 for %s", async (query) => {
    expect((await list(parties.token, `?${query}`)).body.code).toBe("VALIDATION_ERROR");
  });
});
