/** The limits of an organization: exactly so many are admitted, however many come at once, until the period ends. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Metric } from "../../src/ledger/usage.ts";
import { atOnce, changeInD1, clockAt, newHoldId, newMemberWithLedger, tally } from "./_support.ts";

/** A day in the middle of a month, so that their ends are two moments. */
const now = Date.parse("2028-02-10T12:00:00.000Z");
const nextDay = Date.parse("2028-02-11T00:00:00.000Z");
const nextMonth = Date.parse("2028-03-01T00:00:00.000Z");

beforeEach(() => clockAt(now));
afterEach(() => void vi.useRealTimers());

type Fields = Parameters<typeof newMemberWithLedger>[0];

/** An organization that has used so many already. */
async function having(used: Partial<Record<Metric, number>>, fields: Fields = { plan_tier: "free" }) {
  const opened = await newMemberWithLedger(fields);
  await opened.inside(({ sql }) => {
    for (const [metric, count] of Object.entries(used)) {
      const period = metric.endsWith("day") ? "2028-02-10" : "2028-02";
      sql.exec("INSERT INTO usage VALUES (?, ?, ?)", metric, period, count);
    }
  });
  return {
    ...opened,
    used: async () => {
      const { callsToday, callsThisMonth, tokensToday, tokensThisMonth } = await opened.ledger.usage();
      return [callsToday, callsThisMonth, tokensToday, tokensThisMonth];
    },
  };
}

const outcomeOf = async (answer: Promise<{ readonly outcome: string }>) => (await answer).outcome;

describe("the calls of a day", () => {
  it.each([
    ["free", 1_000],
    ["pro", 50_000],
  ] as const)("%s: the last one is admitted, and the next one at midnight", async (plan_tier, most) => {
    const { call, used, restart } = await having({ calls_per_day: most - 1 }, { plan_tier });
    expect(await outcomeOf(call())).toBe("authenticated");
    const limited = {
      outcome: "limited",
      limit: "maxCallsPerDay",
      max: most,
      current: most,
      resetsAtMs: nextDay,
      rate: null,
      planTier: plan_tier,
    };
    expect(await call()).toEqual(limited);
    await restart();
    expect(await call()).toEqual(limited);
    clockAt(nextDay - 1);
    expect(await call()).toEqual(limited);
    expect(await used()).toEqual([most, 1, 0, 0]);
    clockAt(nextDay);
    expect(await outcomeOf(call())).toBe("authenticated");
    expect(await used()).toEqual([1, 2, 0, 0]);
  });

  it("attack: ten at once for the last one", async () => {
    const { call, used } = await having({ calls_per_day: 999 });
    expect(tally(await atOnce(10, () => outcomeOf(call())))).toEqual({ authenticated: 1, limited: 9 });
    expect(await used()).toEqual([1_000, 1, 0, 0]);
  });

  it("are counted apart from tokens", async () => {
    const { call, issue, used } = await having({ calls_per_day: 1_000, calls_per_month: 5 });
    expect(await outcomeOf(issue())).toBe("issued");
    expect(await outcomeOf(call())).toBe("limited");
    expect(await outcomeOf(call("nothing"))).toBe("authenticated");
    expect(await used()).toEqual([1_000, 5, 1, 1]);
  });

  it("an exempt call is admitted over the limit and over the rate, and is counted", async () => {
    const { call, used } = await having({ calls_per_day: 1_000 });
    const exempt = () => call("exempt_call");
    // The bucket holds 100.
    expect(tally(await atOnce(105, () => outcomeOf(exempt())))).toEqual({ authenticated: 105 });
    expect(await exempt()).toMatchObject({ rate: { remaining: 100 } });
    expect(await used()).toEqual([1_106, 106, 0, 0]);
    expect(await outcomeOf(call())).toBe("limited");
  });

  it("attack: exempt calls have a rate of ten times the tier's, which takes nothing from the others", async () => {
    const { call, inside, restart, used } = await having({ calls_per_day: 0 });
    // The bucket holds 1,000. With 200 left the test is shorter.
    await inside(({ sql }) => sql.exec("INSERT INTO exempt_rate VALUES (1, 200, ?)", now));
    await restart();
    expect(tally(await atOnce(210, () => outcomeOf(call("exempt_call"))))).toEqual({ authenticated: 200, limited: 10 });
    expect(await call("exempt_call")).toMatchObject({ limit: "requestsPerMinute", max: 1_000 });
    expect(await used()).toEqual([200, 200, 0, 0]);
    expect(await outcomeOf(call())).toBe("authenticated");
    clockAt(now + 60);
    expect(await outcomeOf(call("exempt_call"))).toBe("authenticated");
  });
});

describe("the tokens of a day", () => {
  it("attack: ten at once for the last one", async () => {
    const { issue, used } = await having({ tokens_per_day: 999 });
    const outcomes = await atOnce(10, () => issue());
    expect(tally(outcomes.map(({ outcome }) => outcome))).toEqual({ issued: 1, limited: 9 });
    expect(outcomes).toContainEqual({
      outcome: "limited",
      limit: "maxTokensPerDay",
      max: 1_000,
      current: 1_000,
      resetsAtMs: nextDay,
      rate: null,
      planTier: "free",
    });
    expect(await used()).toEqual([0, 0, 1_000, 1]);
    clockAt(nextDay);
    expect(await outcomeOf(issue())).toBe("issued");
  });

  it("a refused request is not counted, and takes nothing from the bucket", async () => {
    const { issue, call, used } = await having({ tokens_per_day: 1_000 });
    await atOnce(30, () => issue());
    expect(await used()).toEqual([0, 0, 1_000, 0]);
    expect(await call()).toMatchObject({ outcome: "authenticated", rate: { remaining: 99 } });
  });

  it("attack: requests over the limit do not flood the audit log", async () => {
    const { issue, rows } = await having({ tokens_per_day: 1_000 });
    const refusals = async () =>
      (await rows("pending_events")).map((row) => JSON.parse(String(row.event))).filter(({ action }) => action);
    await atOnce(100, () => issue());
    expect(await refusals()).toMatchObject([
      { action: "token.refused", details: { reason: "limit_exceeded", limit: "maxTokensPerDay", max: 1_000 } },
    ]);
    clockAt(now + 59_999);
    await issue();
    expect(await refusals()).toHaveLength(1);
    clockAt(now + 60_000);
    await issue();
    expect(await refusals()).toHaveLength(2);
  });
});

describe("the tokens of a month", () => {
  it.each([0, 1, 7])("are bounded by the organization's own limit: %i", async (most) => {
    const { issue, used } = await having({}, { max_tokens_per_month: most });
    expect(tally(await atOnce(most + 3, () => outcomeOf(issue())))).toEqual({
      ...(most > 0 ? { issued: most } : {}),
      limited: 3,
    });
    const limited = { limit: "maxTokensPerMonth", max: most, current: most, resetsAtMs: nextMonth, rate: null };
    expect(await issue()).toEqual({ outcome: "limited", planTier: "enterprise", ...limited });
    expect(await used()).toEqual([0, 0, most, most]);
    clockAt(nextMonth - 1);
    expect(await outcomeOf(issue())).toBe("limited");
    clockAt(nextMonth);
    expect(await outcomeOf(issue())).toBe(most === 0 ? "limited" : "issued");
  });

  it("are not bounded by a tier", async () => {
    const { issue } = await having({ tokens_per_month: 1_000_000 });
    expect(await outcomeOf(issue())).toBe("issued");
  });

  it("are named before those of the day, because they last longer", async () => {
    const used = { tokens_per_day: 1_000, tokens_per_month: 1_000 };
    const { issue } = await having(used, { plan_tier: "free", max_tokens_per_month: 1_000 });
    expect(await issue()).toMatchObject({ limit: "maxTokensPerMonth", resetsAtMs: nextMonth });
  });
});

describe("the rate", () => {
  const empty = { burst: 100, windowSeconds: 60, remaining: 0, resetSeconds: 1 };

  it("is one for calls and tokens", async () => {
    const { call, issue, used } = await having({});
    await atOnce(60, () => call());
    await atOnce(40, () => issue());
    const limited = {
      outcome: "limited",
      limit: "requestsPerMinute",
      max: 100,
      current: 100,
      resetsAtMs: now + 1_000,
      rate: empty,
      planTier: "free",
    };
    expect(await call()).toEqual(limited);
    expect(await issue()).toEqual(limited);
    expect(await used()).toEqual([60, 60, 40, 40]);
    clockAt(now + 1_000);
    expect(await outcomeOf(issue())).toBe("issued");
  });

  it("is named after the limit of the day, which lasts longer", async () => {
    const { call, issue } = await having({ calls_per_day: 1_000 });
    await atOnce(100, () => issue());
    expect(await call()).toMatchObject({ limit: "maxCallsPerDay", resetsAtMs: nextDay });
    expect(await issue()).toMatchObject({ limit: "requestsPerMinute", rate: empty });
  });
});

describe("an organization without limits", () => {
  it("is counted all the same", async () => {
    const { call, issue, used } = await having({ calls_per_day: 5_000_000, tokens_per_day: 5_000_000 }, {});
    expect(await call()).toMatchObject({ outcome: "authenticated", rate: null });
    expect(tally(await atOnce(40, () => outcomeOf(issue())))).toEqual({ issued: 40 });
    expect(await used()).toEqual([5_000_001, 1, 5_000_040, 40]);
  });
});

describe("another tier", () => {
  it("has its limits at once", async () => {
    const { issue, ledger, member } = await having({ tokens_per_day: 1_000 });
    expect(await outcomeOf(issue())).toBe("limited");
    await ledger.expectChange(null, newHoldId());
    await changeInD1("organizations", member.organizationId, "plan_tier = 'pro'");
    expect(await issue()).toMatchObject({ outcome: "issued", rate: { burst: 300 } });
    await changeInD1("organizations", member.organizationId, "plan_tier = 'free'");
    expect(await issue()).toMatchObject({ outcome: "limited", max: 1_000, current: 1_001 });
  });
});
