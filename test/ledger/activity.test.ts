/** Counts on their way to D1: none is lost and none counts twice, however the flushes go. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Activity } from "../../src/ledger/activity.ts";
import type { AnsweredCalls, Ledger } from "../../src/ledger/contract.ts";
import type { AgentId, OrganizationId } from "../../src/platform/ids.ts";
import { call, newClient, newOrganization, tokenFor } from "../support/api.ts";
import { analytics } from "../tenancy/analytics/_recount.ts";

const { ORG_LEDGER, DB } = env as unknown as { ORG_LEDGER: DurableObjectNamespace; DB: D1Database };
const stubOf = (organizationId: string) => ORG_LEDGER.get(ORG_LEDGER.idFromName(organizationId));

const noon = Date.parse("2028-02-29T12:00:00.000Z");
const dayMs = 86_400_000;
const agentId = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10" as AgentId;
let organizationId: OrganizationId;
beforeEach(() => {
  organizationId = crypto.randomUUID() as OrganizationId;
});

/** Runs with the storage of an object that nobody else uses; every call is a fresh start of the part. */
const withActivity = <T>(run: (activity: Activity, sql: SqlStorage) => T | Promise<T>): Promise<T> =>
  runInDurableObject(stubOf(organizationId), (_, { storage: { sql } }) => run(new Activity(sql), sql));

function enter(activity: Activity) {
  activity.drain();
  activity.save();
}

function count(activity: Activity, tokens: number, atMs = noon) {
  for (let token = 0; token < tokens; token++) activity.addToken(agentId, atMs);
  enter(activity);
}

/** What D1 has: tokens by their hours, and by the agent. */
async function stored() {
  const total = (table: string) =>
    DB.prepare(`SELECT sum(count) AS n FROM ${table} WHERE organization_id = ?`)
      .bind(organizationId)
      .first<number>("n");
  return [await total("tokens_by_hour"), await total("tokens_by_agent")];
}

/** A D1 whose batches go another way. */
const d1With = (batch: (statements: D1PreparedStatement[]) => Promise<unknown>) =>
  ({ prepare: (sql: string) => DB.prepare(sql), batch }) as unknown as D1Database;

describe("a flush", () => {
  it("that runs again changes nothing", async () => {
    await withActivity(async (activity) => {
      count(activity, 3);
      expect(activity.hasPending()).toBe(true);
      await activity.moveTo(DB, organizationId);
      expect(activity.hasPending()).toBe(false);
      await activity.moveTo(DB, organizationId);
    });
    expect(await stored()).toEqual([3, 3]);
    await withActivity(async (activity) => {
      await activity.moveTo(DB, organizationId);
      count(activity, 2);
      await activity.moveTo(DB, organizationId);
    });
    expect(await stored()).toEqual([5, 5]);
  });

  it("that dies when D1 has written but has not answered is repeated without counting twice", async () => {
    await withActivity(async (activity) => {
      count(activity, 3);
      const dying = d1With(async (statements) => {
        await DB.batch(statements);
        throw new Error("connection lost");
      });
      await expect(activity.moveTo(dying, organizationId)).rejects.toThrow("connection lost");
    });
    expect(await stored()).toEqual([3, 3]);
    await withActivity(async (activity) => {
      expect(activity.hasPending()).toBe(true);
      count(activity, 1);
      await activity.moveTo(DB, organizationId);
    });
    expect(await stored()).toEqual([4, 4]);
  });

  it("that D1 refuses loses nothing", async () => {
    await withActivity(async (activity) => {
      count(activity, 3);
      const down = d1With(() => Promise.reject(new Error("overloaded")));
      await expect(activity.moveTo(down, organizationId)).rejects.toThrow("overloaded");
      count(activity, 4);
    });
    await withActivity((activity) => activity.moveTo(DB, organizationId));
    expect(await stored()).toEqual([7, 7]);
  });

  it("leaves for the next what is counted meanwhile", async () => {
    await withActivity(async (activity) => {
      count(activity, 3);
      const slow = d1With(async (statements) => {
        const results = await DB.batch(statements);
        count(activity, 2);
        return results;
      });
      await activity.moveTo(slow, organizationId);
      expect(await stored()).toEqual([3, 3]);
      expect(activity.hasPending()).toBe(true);
      await activity.moveTo(DB, organizationId);
    });
    expect(await stored()).toEqual([5, 5]);
  });

  it("that arrives after a later one does not take the counts back", async () => {
    await withActivity(async (activity) => {
      count(activity, 3);
      const overtaken = d1With(async (statements) => {
        count(activity, 2);
        await activity.moveTo(DB, organizationId);
        return DB.batch(statements);
      });
      await activity.moveTo(overtaken, organizationId);
      expect(activity.hasPending()).toBe(false);
    });
    expect(await stored()).toEqual([5, 5]);
  });

  it("takes any number of buckets", async () => {
    const calls = Array.from({ length: 2500 }, (_, index): AnsweredCalls => {
      return { day: "2028-02-29", route: `/r/${index}`, statusClass: "2xx", count: 2 };
    });
    await withActivity(async (activity) => {
      activity.addCalls(calls, noon);
      enter(activity);
      await activity.moveTo(DB, organizationId);
      expect(activity.hasPending()).toBe(false);
    });
    const row = await DB.prepare(
      "SELECT count(*) AS n, sum(count) AS total FROM calls_by_route WHERE organization_id = ?",
    )
      .bind(organizationId)
      .first();
    expect(row).toEqual({ n: 2500, total: 5000 });
  });
});

describe("counted but not yet written", () => {
  it("is one row for each bucket, however many it counts", async () => {
    const rows = await withActivity((activity, sql) => {
      count(activity, 40);
      count(activity, 2, noon + 3_600_000);
      return ["tokens_by_hour", "tokens_by_agent"].map((table) => sql.exec(`SELECT * FROM ${table}`).toArray());
    });
    expect(rows).toEqual([
      [
        { day: "2028-02-29", hour: 12, count: 40, flushed: 0 },
        { day: "2028-02-29", hour: 13, count: 2, flushed: 0 },
      ],
      [{ day: "2028-02-29", agent_id: agentId, count: 42, flushed: 0 }],
    ]);
  });
});

describe("a bucket", () => {
  it("goes when D1 has it and it is more than two days old", async () => {
    await withActivity(async (activity, sql) => {
      for (const daysAgo of [0, 1, 2, 3, 4]) count(activity, 1, noon - daysAgo * dayMs);
      const days = () =>
        sql
          .exec("SELECT day FROM tokens_by_hour")
          .toArray()
          .map(({ day }) => day);
      activity.forgetExpired(noon);
      expect(days()).toHaveLength(5);
      await activity.moveTo(DB, organizationId);
      activity.forgetExpired(noon);
      expect(days()).toEqual(["2028-02-27", "2028-02-28", "2028-02-29"]);
    });
    expect(await stored()).toEqual([5, 5]);
  });
});

describe("calls", () => {
  it("of yesterday, today and tomorrow are counted; of other days, or none, they are not", async () => {
    const on = (day: string, number = 1): AnsweredCalls => ({ day, route: "/r", statusClass: "4xx", count: number });
    await withActivity(async (activity) => {
      activity.addCalls(
        [
          ...["2028-02-27", "2028-02-28", "2028-02-29", "2028-03-01", "2028-03-02", "today"].map((day) => on(day)),
          on("2028-02-29", 0),
          on("2028-02-29", -7),
          on("2028-02-29", 5),
        ],
        noon,
      );
      enter(activity);
      await activity.moveTo(DB, organizationId);
    });
    const { results } = await DB.prepare("SELECT day, count FROM calls_by_route WHERE organization_id = ? ORDER BY day")
      .bind(organizationId)
      .all();
    expect(results).toEqual([
      { day: "2028-02-28", count: 1 },
      { day: "2028-02-29", count: 6 },
      { day: "2028-03-01", count: 1 },
    ]);
  });
});

describe("in the ledger", () => {
  afterEach(() => vi.useRealTimers());

  it("tokens of one hour count on over evictions", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: noon });
    const organization = await newOrganization();
    const agent = await newClient(organization.token);
    for (const times of [4, 3]) {
      await Promise.all(Array.from({ length: times }, () => tokenFor(agent)));
      await evictDurableObject(stubOf(organization.organizationId));
    }
    const { data } = await analytics(organization.token, "agents");
    expect(data).toEqual([
      { agentId: agent.agentId, tokenCount: 7 },
      { agentId: organization.agentId, tokenCount: 1 },
    ]);
  });

  it("an object that has lost its storage goes on from what D1 has", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: noon });
    const organization = await newOrganization();
    const agent = await newClient(organization.token);
    for (let token = 0; token < 3; token++) await tokenFor(agent);
    await analytics(organization.token, "tokens");
    const stub = stubOf(organization.organizationId);
    await runInDurableObject(stub, (_, { storage: { sql } }) => {
      const tables = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
      // Not the runtime's own.
      for (const { name } of tables.filter(({ name }) => !name.startsWith("_"))) sql.exec(`DELETE FROM ${name}`);
    });
    await evictDurableObject(stub);
    for (let token = 0; token < 2; token++) await tokenFor(agent);
    const { data } = await analytics(organization.token, "tokens?days=1");
    expect(data).toEqual([{ date: "2028-02-29", count: 6 }]);
  });

  it("the alarm takes counts to D1 when nobody reads", async () => {
    const organization = await newOrganization();
    organizationId = organization.organizationId as OrganizationId;
    await (stubOf(organizationId) as unknown as Ledger).noteCalls([
      { day: new Date().toISOString().slice(0, 10), route: "/test/list", statusClass: "2xx", count: 3 },
    ]);
    await runInDurableObject(stubOf(organizationId), (instance) =>
      (instance as unknown as { alarm(): Promise<void> }).alarm(),
    );
    expect(await stored()).toEqual([1, 1]);
    const { body } = await call("/api/v1/analytics/calls", { token: organization.token });
    expect(body.data).toContainEqual({ route: "/test/list", statusClass: "2xx", count: 3 });
  });
});
