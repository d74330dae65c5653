/** Days, hours and months begin at 00:00 UTC, to the millisecond. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AgentClient, exchanged, lend, newParties } from "../../identity/delegation/_parties.ts";
import {
  type Body,
  call,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../../support/api.ts";
import { analytics } from "./_recount.ts";

const { DB } = env as unknown as { DB: D1Database };
let organization: Organization;
let agent: AgentClient;

/** Goes to a time; organizations made before have their own counts. */
async function begin(time: string) {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(time) });
  await theOperator();
  organization = await newOrganization();
  agent = await newClient(organization.token);
}
const at = (time: string) => vi.setSystemTime(new Date(time));
/** The counts of days and hours that have any. */
const some = ({ data }: Body) => data.filter(({ count }: Body) => count > 0);
const mine = ({ data }: Body) => data.find(({ agentId }: Body) => agentId === agent.agentId)?.tokenCount;
/** A token for reading: one more that counts. */
const reader = () => tokenFor(organization);

afterEach(() => vi.useRealTimers());

describe("a token issued at 23:59:59.999", () => {
  beforeEach(() => begin("2027-05-10T12:00:00.000Z"));

  it("counts for the day and the hour that end; one at 00:00 for those that begin", async () => {
    at("2027-05-11T23:59:59.999Z");
    await tokenFor(agent);
    await tokenFor(agent);
    at("2027-05-12T00:00:00.000Z");
    const token = await reader();
    expect((await analytics(token, "tokens?days=2")).data).toEqual([
      { date: "2027-05-11", count: 2 },
      { date: "2027-05-12", count: 1 },
    ]);
    // A Tuesday and a Wednesday, beside the set-up of Monday noon: a token, and two calls that make the agent.
    // The calls of Wednesday are the two reads.
    expect((await analytics(token, "agents/activity")).data).toEqual([
      { dow: 1, hour: 12, count: 3 },
      { dow: 2, hour: 23, count: 2 },
      { dow: 3, hour: 0, count: 3 },
    ]);
  });

  it("counts for the hour that ends at an end of an hour, too", async () => {
    at("2027-05-11T08:59:59.999Z");
    await tokenFor(agent);
    at("2027-05-11T09:00:00.000Z");
    const token = await reader();
    expect((await analytics(token, "agents/activity")).data).toEqual([
      { dow: 1, hour: 12, count: 3 },
      { dow: 2, hour: 8, count: 1 },
      { dow: 2, hour: 9, count: 2 },
    ]);
  });

  it("is one of the requests of its hour, as every accepted call is, and no refused one", async () => {
    at("2027-05-11T08:59:59.999Z");
    const token = await reader();
    const read = (path: string, bearer = token) => call(`/api/v1/${path}`, { token: bearer });
    await Promise.all(Array.from({ length: 7 }, () => read("agents")));
    expect((await read("agents/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10")).status).toBe(404);
    expect((await read("agents", `${token}x`)).status).toBe(401);
    at("2027-05-11T09:00:00.000Z");
    expect((await analytics(token, "agents/activity")).data).toEqual([
      { dow: 1, hour: 12, count: 3 },
      { dow: 2, hour: 8, count: 9 },
      { dow: 2, hour: 9, count: 1 },
    ]);
  });
});

describe("the last day", () => {
  it("is today, from its first millisecond to its last", async () => {
    await begin("2027-05-20T00:00:00.000Z");
    const token = await reader();
    expect((await analytics(token, "tokens?days=1")).data).toEqual([{ date: "2027-05-20", count: 2 }]);
    at("2027-05-20T23:59:59.999Z");
    expect((await analytics(await reader(), "tokens?days=1")).data).toEqual([{ date: "2027-05-20", count: 3 }]);
    at("2027-05-21T00:00:00.000Z");
    expect((await analytics(await reader(), "tokens?days=1")).data).toEqual([{ date: "2027-05-21", count: 1 }]);
  });

  it("pushes the first one out: of days, and of the hours of the week after 30", async () => {
    await begin("2027-05-25T10:00:00.000Z");
    at("2027-06-23T23:59:59.999Z");
    const before = await reader();
    expect(some(await analytics(before, "tokens"))).toEqual([
      { date: "2027-05-25", count: 1 },
      { date: "2027-06-23", count: 1 },
    ]);
    expect((await analytics(before, "agents/activity")).data).toHaveLength(2);
    at("2027-06-24T00:00:00.000Z");
    const after = await reader();
    expect((await analytics(after, "tokens")).data[0]).toEqual({ date: "2027-05-26", count: 0 });
    expect((await analytics(after, "agents/activity")).data).toEqual([
      // A token and two reads each.
      { dow: 3, hour: 23, count: 3 },
      { dow: 4, hour: 0, count: 3 },
    ]);
  });
});

describe("29 February", () => {
  it("is a day of a leap year, between the 28th and 1 March", async () => {
    await begin("2028-02-28T10:00:00.000Z");
    at("2028-02-29T23:59:59.999Z");
    await tokenFor(agent);
    at("2028-03-01T00:00:00.000Z");
    expect((await analytics(await reader(), "tokens?days=3")).data).toEqual([
      { date: "2028-02-28", count: 1 },
      { date: "2028-02-29", count: 1 },
      { date: "2028-03-01", count: 1 },
    ]);
  });

  it("is not one of another year", async () => {
    await begin("2029-02-28T10:00:00.000Z");
    at("2029-03-01T10:00:00.000Z");
    expect((await analytics(await reader(), "tokens?days=2")).data).toEqual([
      { date: "2029-02-28", count: 1 },
      { date: "2029-03-01", count: 1 },
    ]);
  });
});

describe("a month", () => {
  it("begins and ends in UTC; at its first moment nobody has anything but what was just issued", async () => {
    await begin("2030-01-31T10:00:00.000Z");
    at("2030-01-31T23:59:59.999Z");
    await tokenFor(agent);
    const january = await analytics(await reader(), "agents");
    expect(january.month).toBe("2030-01");
    expect(mine(january)).toBe(1);
    at("2030-02-01T00:00:00.000Z");
    const february = await analytics(await reader(), "agents");
    expect(february).toEqual({
      tenantId: organization.organizationId,
      month: "2030-02",
      data: [{ agentId: organization.agentId, tokenCount: 1 }],
    });
  });

  it("of December is followed by one of the next year", async () => {
    await begin("2030-12-31T23:59:59.999Z");
    await tokenFor(agent);
    expect(mine(await analytics(await reader(), "agents"))).toBe(1);
    at("2031-01-01T00:00:00.000Z");
    const { month, data } = await analytics(await reader(), "agents");
    expect([month, data.length]).toEqual(["2031-01", 1]);
  });
});

describe("agents", () => {
  it("come with the most tokens first, those with as many by their ids", async () => {
    await begin("2031-04-10T10:00:00.000Z");
    const others = [await newClient(organization.token), await newClient(organization.token)];
    for (let round = 0; round < 3; round++) await tokenFor(others[1]!);
    for (const client of [agent, others[0]!]) await tokenFor(client);
    const { data } = await analytics(organization.token, "agents");
    const single = [agent.agentId, others[0]!.agentId, organization.agentId].sort();
    expect(data).toEqual([
      { agentId: others[1]!.agentId, tokenCount: 3 },
      ...single.map((agentId) => ({ agentId, tokenCount: 1 })),
    ]);
  });

  it("are counted for tokens that they get with lent authority; who lent is not", async () => {
    await begin("2031-05-10T10:00:00.000Z");
    const parties = await newParties(organization.token);
    const { delegationToken } = await lend(parties);
    await exchanged(parties.delegatee, delegationToken);
    const { data } = await analytics(organization.token, "agents");
    const counted = Object.fromEntries(data.map(({ agentId, tokenCount }: Body) => [agentId, tokenCount]));
    expect(counted[parties.delegator.agentId]).toBe(1);
    expect(counted[parties.delegatee.agentId]).toBe(2);
  });

  it("of another organization are nowhere to be seen", async () => {
    await begin("2031-06-10T10:00:00.000Z");
    const other = await newOrganization();
    const { data } = await analytics(other.token, "agents");
    expect(data).toEqual([{ agentId: other.agentId, tokenCount: 1 }]);
    expect(some(await analytics(other.token, "tokens"))).toEqual([{ date: "2031-06-10", count: 1 }]);
  });
});

describe("counts of 90 days", () => {
  it("are kept; the minute cron deletes older ones, of every organization", async () => {
    await begin("2032-01-01T10:00:00.000Z");
    const runCron = async () => {
      const worker = (await import("../../../src/worker.ts")).default;
      const { createExecutionContext, createScheduledController, waitOnExecutionContext } = await import(
        "cloudflare:test"
      );
      const execution = createExecutionContext();
      await worker.scheduled(createScheduledController(), env as never, execution);
      await waitOnExecutionContext(execution);
    };
    const stored = (table: string) =>
      DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE organization_id = ? AND day = '2032-01-01'`)
        .bind(organization.organizationId)
        .first("n");
    const kept = () =>
      Promise.all(["tokens_by_hour", "calls_by_hour", "tokens_by_agent", "calls_by_route"].map(stored));

    await analytics(organization.token, "tokens");
    await DB.prepare("INSERT OR REPLACE INTO calls_by_route VALUES (?, '2032-01-01', '/api/v1/agents', '2xx', 3)")
      .bind(organization.organizationId)
      .run();
    at("2032-03-30T23:59:59.999Z");
    await runCron();
    expect((await analytics(await reader(), "tokens?days=90")).data[0]).toEqual({ date: "2032-01-01", count: 1 });
    expect(await kept()).toEqual([1, 1, 1, 1]);
    at("2032-03-31T00:00:00.000Z");
    await runCron();
    expect(await kept()).toEqual([0, 0, 0, 0]);
    expect(some(await analytics(await reader(), "tokens?days=90"))).toEqual([
      { date: "2032-03-30", count: 1 },
      { date: "2032-03-31", count: 1 },
    ]);
  });
});

it("what was issued a moment ago is counted, without any alarm", async () => {
  await begin("2033-03-10T10:00:00.000Z");
  await Promise.all(Array.from({ length: 30 }, () => tokenFor(agent)));
  expect(mine(await analytics(organization.token, "agents"))).toBe(30);
  await Promise.all(Array.from({ length: 5 }, () => tokenFor(agent)));
  expect(mine(await analytics(organization.token, "agents"))).toBe(35);
  const again = await call("/api/v1/analytics/agents", { token: organization.token });
  expect(mine(again.body)).toBe(35);
});
