/** The delegations of a whole organization, and of one agent in it. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { type Body, call, newClient, newOrganization, type Organization, tokenFor } from "../../support/api.ts";
import { exchanged, lend, list, newParties, type Parties, revoke } from "./_parties.ts";

const { DB } = env as unknown as { DB: D1Database };

let organization: Organization;
let one: Parties;
let other: Parties;
/** The token of an agent that is no party, with `agents:read` alone. */
let reader: string;
/** By `one` to its delegatee and back, and by `other`: the oldest first. */
let given: Body;
let back: Body;
let ended: Body;
let elsewhere: Body;

beforeAll(async () => {
  organization = await newOrganization();
  one = await newParties(organization.token);
  other = await newParties(organization.token);
  const foreign = await newParties((await newOrganization()).token);
  await lend(foreign);
  given = await lend(one);
  const wide = await tokenFor(one.delegatee, { scope: "tokens:read agents:read" });
  back = await lend({ token: wide, delegatee: one.delegator }, { scopes: ["tokens:read"] });
  ended = await lend(one);
  await revoke(one.token, ended.chainId);
  elsewhere = await lend(other);
  reader = await tokenFor(await newClient(organization.token, { grantedScopes: ["agents:read"] }));
});

const emailOf = async (agentId: string): Promise<string> =>
  (await call(`/api/v1/agents/${agentId}`, { token: organization.token })).body.email;

async function ids(token: string, query: string): Promise<string[]> {
  const answer = await list(token, query);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data.map(({ chainId }: Body) => chainId);
}

const idsOf = (...delegations: Body[]): string[] => delegations.map(({ chainId }) => chainId);

describe("of=organization", () => {
  it("has the delegations of both sides, newest first, and none of another organization", async () => {
    const all = idsOf(elsewhere, ended, back, given);
    expect(await ids(reader, "?of=organization")).toEqual(all);
    expect(await ids(organization.token, "?of=organization")).toEqual(all);
    expect(await ids(reader, "")).toEqual([]);
    const { body } = await list(reader, "?of=organization&status=revoked");
    const { delegationToken: _, ...facts } = ended;
    expect(body).toEqual({
      data: [{ ...facts, status: "revoked", revokedAt: expect.any(String) }],
      nextCursor: null,
      agents: {
        [one.delegator.agentId]: { email: await emailOf(one.delegator.agentId) },
        [one.delegatee.agentId]: { email: await emailOf(one.delegatee.agentId) },
      },
    });
  });

  it("has no e-mail for a token that may not read agents", async () => {
    const { body } = await list(await tokenFor(one.delegator, { scope: "tokens:read" }));
    expect(body.data).not.toEqual([]);
    expect(body.agents).toEqual({});
  });

  it("agentId selects by either side, role by its side, status by the record", async () => {
    const delegator = `?of=organization&agentId=${one.delegator.agentId}`;
    const delegatee = `?of=organization&agentId=${one.delegatee.agentId}`;
    const organizationsOwn = idsOf(ended, back, given);
    expect(await ids(reader, delegator)).toEqual(organizationsOwn);
    expect(await ids(reader, delegatee)).toEqual(organizationsOwn);
    expect(await ids(reader, `${delegator}&role=delegator`)).toEqual(idsOf(ended, given));
    expect(await ids(reader, `${delegator}&role=delegatee`)).toEqual(idsOf(back));
    expect(await ids(reader, `${delegator}&status=active`)).toEqual(idsOf(back, given));
    expect(await ids(reader, "?of=organization&status=active")).toEqual(idsOf(elsewhere, back, given));
    expect(await ids(reader, "?of=organization&status=expired")).toEqual([]);
    expect(await ids(reader, `?of=organization&agentId=${organization.agentId}`)).toEqual([]);
  });

  it("needs agents:read", async () => {
    const blind = await tokenFor(one.delegator, { scope: "audit:read" });
    for (const query of ["?of=organization", `?of=organization&agentId=${one.delegator.agentId}`]) {
      const { status, body, headers } = await list(blind, query);
      expect([status, body.code, body.details.requiredScope]).toEqual([403, "FORBIDDEN", "agents:read"]);
      expect(headers.get("WWW-Authenticate")).toContain('error="insufficient_scope"');
    }
    expect(await ids(blind, "")).toEqual(idsOf(ended, back, given));
  });

  it("a delegated caller sees what its delegator's scope lets it see, and no list of its own", async () => {
    const lent = await lend({ token: one.token, delegatee: other.delegatee }, { scopes: ["agents:read"] });
    const withScope = await exchanged(other.delegatee, lent.delegationToken);
    expect(await ids(withScope, "?of=organization")).toEqual(await ids(reader, "?of=organization"));
    expect((await list(withScope, "")).status).toBe(403);
    const without = await exchanged(one.delegatee, given.delegationToken);
    expect((await list(without, "?of=organization")).body.details.requiredScope).toBe("agents:read");
    await revoke(one.token, lent.chainId);
    expect((await list(withScope, "?of=organization")).status).toBe(401);
  });

  it("role without an agent is refused: it would be nobody's", async () => {
    const { status, body } = await list(reader, "?of=organization&role=delegator");
    expect([status, body.details.issues]).toMatchObject([400, [{ path: "role" }]]);
    expect((await list(reader, "?of=everyone")).status).toBe(400);
    expect((await list(reader, "?agentId=nobody")).status).toBe(400);
  });
});

it("of=caller with agentId: those between the two, whoever lends", async () => {
  const mine = await lend({ token: one.token, delegatee: other.delegatee });
  expect(await ids(one.token, `?agentId=${one.delegatee.agentId}`)).toEqual(idsOf(ended, back, given));
  expect(await ids(one.token, `?agentId=${one.delegatee.agentId}&role=delegatee`)).toEqual(idsOf(back));
  expect(await ids(one.token, `?of=caller&agentId=${other.delegatee.agentId}&status=active`)).toEqual(idsOf(mine));
  expect(await ids(one.token, `?agentId=${one.delegator.agentId}&status=active`)).toEqual(idsOf(mine, back, given));
  expect(await ids(one.token, `?agentId=${other.delegator.agentId}`)).toEqual([]);
});

it("a cursor is for its list and its filters", async () => {
  const queries = [
    "?",
    "?status=active",
    `?agentId=${one.delegatee.agentId}`,
    "?of=organization",
    "?of=organization&status=active",
    `?of=organization&agentId=${one.delegatee.agentId}`,
  ];
  for (const mine of queries) {
    const { nextCursor } = (await list(one.token, `${mine}&limit=1`)).body;
    expect([mine, typeof nextCursor]).toEqual([mine, "string"]);
    for (const asked of queries) {
      const { status } = await list(one.token, `${asked}&limit=1&cursor=${nextCursor}`);
      expect([mine, asked, status]).toEqual([mine, asked, mine === asked ? 200 : 400]);
    }
  }
});

it.each([
  ["", ["delegations_by_organization"]],
  ["&status=active", ["delegations_by_organization"]],
  ["&agentId=0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", ["delegations_by_delegator", "delegations_by_delegatee"]],
])("of=organization%s reads an index in the order of the list", async (query, indexes) => {
  const prepared = vi.spyOn(Object.getPrototypeOf(DB) as D1Database, "prepare");
  await ids(reader, `?of=organization${query}`);
  const reads = prepared.mock.calls.map(([sql]) => sql).filter((sql) => /^select .* from "delegations"/i.test(sql));
  prepared.mockRestore();
  const plans = await Promise.all(
    reads.map(async (sql) => {
      const values = [...sql.matchAll(/\?/g)].map(() => 1);
      const explained = DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...values);
      return (await explained.all<{ detail: string }>()).results.map(({ detail }) => detail).join("; ");
    }),
  );
  expect(plans).toEqual(
    indexes.map((index) => expect.stringMatching(new RegExp(`^SEARCH delegations USING INDEX ${index} \\([^)]*\\)$`))),
  );
});
