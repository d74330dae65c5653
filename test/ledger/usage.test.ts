/** What an organization has used: counts by UTC day and month that survive restarts, and the last uses of credentials. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Metric, periodAt, Usage } from "../../src/ledger/usage.ts";
import type { CredentialId } from "../../src/platform/ids.ts";
import { atOnce, changeInD1, clockAt, DB, dayMs, newLedger, newMember, newMemberWithLedger, noon } from "./_support.ts";

const metrics: readonly Metric[] = ["tokens_per_day", "tokens_per_month", "calls_per_day", "calls_per_month"];
const counts = (usage: Usage, atMs: number) => metrics.map((metric) => usage.count(metric, atMs));
const addTo = (usage: Usage, metric: Metric, times: number, atMs = noon) => {
  for (let one = 0; one < times; one++) usage.add(metric, atMs);
};
const commit = (usage: Usage) => {
  usage.drain();
  usage.save();
};

const withUsage = <T>(run: (usage: Usage, sql: SqlStorage) => T) =>
  newLedger().inside(({ sql }) => run(new Usage(sql), sql));

describe("a count", () => {
  it("is one of its metric", async () => {
    await withUsage((usage) => {
      for (const [index, metric] of metrics.entries()) addTo(usage, metric, index + 1);
      expect(counts(usage, noon)).toEqual([1, 2, 3, 4]);
    });
  });

  it("begins anew with the UTC day and month, at their first millisecond", async () => {
    const midnight = Date.parse("2028-02-29T00:00:00.000Z");
    const nextMonth = Date.parse("2028-03-01T00:00:00.000Z");
    await withUsage((usage) => {
      for (const metric of metrics) {
        addTo(usage, metric, 1, midnight - 1);
        addTo(usage, metric, 2, midnight);
        addTo(usage, metric, 4, nextMonth - 1);
        addTo(usage, metric, 8, nextMonth);
      }
      expect(counts(usage, midnight - 1)).toEqual([1, 7, 1, 7]);
      expect(counts(usage, midnight)).toEqual([6, 7, 6, 7]);
      expect(counts(usage, nextMonth - 1)).toEqual([6, 7, 6, 7]);
      expect(counts(usage, nextMonth)).toEqual([8, 8, 8, 8]);
    });
  });

  it.each([
    ["tokens_per_day", "2028-02-29T00:00:00.000Z", "2028-02-29T00:00:00.000Z", "2028-03-01T00:00:00.000Z"],
    ["calls_per_day", "2028-02-28T23:59:59.999Z", "2028-02-28T00:00:00.000Z", "2028-02-29T00:00:00.000Z"],
    ["calls_per_day", "2027-12-31T12:00:00.000Z", "2027-12-31T00:00:00.000Z", "2028-01-01T00:00:00.000Z"],
    ["tokens_per_month", "2028-02-29T23:59:59.999Z", "2028-02-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z"],
    ["calls_per_month", "2027-12-31T23:59:59.999Z", "2027-12-01T00:00:00.000Z", "2028-01-01T00:00:00.000Z"],
  ] as const)("the period of %s at %s", (metric, at, start, end) => {
    expect(periodAt(metric, Date.parse(at))).toEqual({ startMs: Date.parse(start), endMs: Date.parse(end) });
  });

  it("goes on after a restart from what was committed, entered in the table or not", async () => {
    const { inside, rows } = newLedger();
    const committed = await inside(({ sql }) => {
      const usage = new Usage(sql);
      addTo(usage, "tokens_per_day", 3);
      commit(usage);
      addTo(usage, "tokens_per_day", 2);
      const drained = usage.drain();
      addTo(usage, "tokens_per_day", 100);
      return drained!;
    });
    expect(committed).toEqual({
      counts: [{ metric: "tokens_per_day", period: "2028-02-29", count: 5 }],
      lastUses: [],
    });
    await inside(({ sql }) => {
      const usage = new Usage(sql);
      expect(usage.count("tokens_per_day", noon)).toBe(3);
      usage.restore(committed);
      usage.save();
      addTo(usage, "tokens_per_day", 1);
      commit(usage);
    });
    expect(await inside(({ sql }) => new Usage(sql).count("tokens_per_day", noon))).toBe(6);
    expect(await rows("usage")).toEqual([{ metric: "tokens_per_day", period: "2028-02-29", count: 6 }]);
  });

  it("is to be committed when it has changed, and only then", async () => {
    await withUsage((usage) => {
      usage.count("calls_per_day", noon);
      expect(usage.drain()).toBeNull();
      addTo(usage, "calls_per_day", 1);
      expect(usage.drain()?.counts).toHaveLength(1);
      expect(usage.drain()).toBeNull();
    });
  });

  it("is kept for 90 days, that of a month for as long as a day of it is kept", async () => {
    const at = (day: string) => Date.parse(`${day}T23:59:59.999Z`);
    await withUsage((usage, sql) => {
      for (const day of ["2027-10-31", "2027-11-30", "2027-12-01"]) {
        addTo(usage, "calls_per_day", 1, at(day));
        addTo(usage, "calls_per_month", 1, at(day));
      }
      commit(usage);
      const periods = () =>
        sql
          .exec("SELECT period FROM usage ORDER BY period")
          .toArray()
          .map(({ period }) => period);
      // 2028-02-28 less 90 days is 2027-11-30.
      usage.forgetExpired(Date.parse("2028-02-28T00:00:00.000Z"));
      expect(periods()).toEqual(["2027-11", "2027-11-30", "2027-12", "2027-12-01"]);
      expect(counts(usage, at("2027-10-31"))).toEqual([0, 0, 0, 0]);
      usage.forgetExpired(Date.parse("2028-02-29T00:00:00.000Z"));
      expect(periods()).toEqual(["2027-12", "2027-12-01"]);
      expect(counts(usage, at("2027-11-30"))).toEqual([0, 0, 0, 0]);
      expect(counts(usage, at("2027-12-01"))).toEqual([0, 0, 1, 1]);
    });
  });
});

describe("the last use of a credential", () => {
  const lastUse = (id: CredentialId) =>
    DB.prepare("SELECT last_used_at FROM credentials WHERE id = ?").bind(id).first<number>("last_used_at");
  const useAt = (usage: Usage, id: CredentialId, atMs: number) => {
    usage.use(id, atMs);
    commit(usage);
  };

  it("comes to its record in D1, which only ever goes forward", async () => {
    const { credentialId } = await newMember();
    const other = await newMember();
    await withUsage(async (usage) => {
      useAt(usage, credentialId, noon);
      expect(usage.hasPending()).toBe(true);
      await usage.moveTo(DB);
      expect(usage.hasPending()).toBe(false);
      expect(await lastUse(credentialId)).toBe(noon);
      useAt(usage, credentialId, noon + 1);
      await usage.moveTo(DB);
      expect(await lastUse(credentialId)).toBe(noon + 1);
      useAt(usage, credentialId, noon - 1);
      await usage.moveTo(DB);
      expect(await lastUse(credentialId)).toBe(noon + 1);
      expect(await lastUse(other.credentialId)).toBeNull();
    });
  });

  it("waits over a restart, and while D1 does not answer", async () => {
    const { credentialId } = await newMember();
    const { inside } = newLedger();
    const committed = await inside(({ sql }) => {
      const usage = new Usage(sql);
      usage.use(credentialId, noon);
      return usage.drain()!;
    });
    await inside(({ sql }) => {
      const usage = new Usage(sql);
      usage.restore(committed);
      usage.save();
    });
    await inside(async ({ sql }) => {
      const usage = new Usage(sql);
      const down = { prepare: () => DB.prepare("SELECT * FROM no_such_table") } as unknown as D1Database;
      await expect(usage.moveTo(down)).rejects.toThrow();
      expect(usage.hasPending()).toBe(true);
      await usage.moveTo(DB);
    });
    expect(await lastUse(credentialId)).toBe(noon);
  });

  it("that came while an earlier one was on its way is left for the next time", async () => {
    const { credentialId } = await newMember();
    await withUsage(async (usage) => {
      useAt(usage, credentialId, noon);
      const underWay = usage.moveTo(DB);
      useAt(usage, credentialId, noon + 5);
      await underWay;
      expect(await lastUse(credentialId)).toBe(noon);
      expect(usage.hasPending()).toBe(true);
      await usage.moveTo(DB);
      expect(await lastUse(credentialId)).toBe(noon + 5);
      expect(usage.hasPending()).toBe(false);
    });
  });
});

describe("in the ledger", () => {
  afterEach(() => void vi.useRealTimers());

  it("attack: 30 tokens and 20 calls at once are counted one by one, and a restart forgets none", async () => {
    clockAt(noon);
    const { ledger, issue, call, restart } = await newMemberWithLedger();
    await Promise.all([atOnce(30, () => issue()), atOnce(20, () => call())]);
    const used = { callsToday: 20, callsThisMonth: 20, tokensToday: 30, tokensThisMonth: 30 };
    expect(await ledger.usage()).toEqual(used);
    await restart();
    expect(await ledger.usage()).toEqual(used);
    await issue();
    await restart();
    expect(await ledger.usage()).toEqual({ ...used, tokensToday: 31, tokensThisMonth: 31 });
    clockAt(noon + dayMs);
    expect(await ledger.usage()).toEqual({ callsToday: 0, callsThisMonth: 0, tokensToday: 0, tokensThisMonth: 0 });
  });

  it("a refused client is not counted, and its credential was not used", async () => {
    clockAt(noon);
    const { ledger, issue, member, rows } = await newMemberWithLedger();
    await changeInD1("agents", member.agentId, "status = 'suspended'");
    expect((await issue()).outcome).toBe("refused");
    await ledger.flush();
    expect(await ledger.usage()).toMatchObject({ callsToday: 0, tokensToday: 0 });
    expect(await rows("last_uses")).toEqual([]);
    expect(
      await DB.prepare("SELECT last_used_at FROM credentials WHERE id = ?").bind(member.credentialId).first(),
    ).toEqual({ last_used_at: null });
  });
});
