/** The token bucket of an organization: it holds one burst, fills by the minute, and a restart does not fill it. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { Rate, type RateLimit } from "../../src/ledger/rate.ts";
import { atOnce, clockAt, dayMs, newLedger, newMemberWithLedger, noon, tally } from "./_support.ts";

/** 600 ms for each request. */
const free: RateLimit = { requestsPerMinute: 100, burst: 20 };
const pro: RateLimit = { requestsPerMinute: 1_000, burst: 100 };
const slow: RateLimit = { requestsPerMinute: 1, burst: 1 };

const withRate = <T>(run: (rate: Rate) => T) => newLedger().inside(({ sql }) => run(new Rate(sql, "rate")));

const take = (rate: Rate, times: number, limit = free, atMs = noon) => {
  for (let request = 0; request < times; request++) rate.take(limit, atMs);
};
const left = (rate: Rate, limit = free, atMs = noon) => rate.state(limit, atMs).remaining;

/** Takes all that there is, and says how many that was. */
function takeAll(rate: Rate, atMs: number, limit = free): number {
  let taken = 0;
  for (; rate.secondsUntilNext(limit, atMs) === 0; taken++) rate.take(limit, atMs);
  return taken;
}

describe("a bucket", () => {
  it("is full at first, and is described as the headers say it", async () => {
    await withRate((rate) => {
      expect(rate.state(free, noon)).toEqual({ burst: 20, windowSeconds: 12, remaining: 20, resetSeconds: 0 });
      take(rate, 1);
      expect(rate.state(free, noon)).toEqual({ burst: 20, windowSeconds: 12, remaining: 19, resetSeconds: 1 });
      take(rate, 18);
      expect(rate.state(free, noon)).toEqual({ burst: 20, windowSeconds: 12, remaining: 1, resetSeconds: 12 });
      take(rate, 1);
      expect(rate.state(free, noon)).toEqual({ burst: 20, windowSeconds: 12, remaining: 0, resetSeconds: 1 });
    });
  });

  it("admits a burst, and the next request in the millisecond in which it has flowed in", async () => {
    await withRate((rate) => {
      expect(takeAll(rate, noon)).toBe(20);
      expect(rate.secondsUntilNext(free, noon)).toBe(1);
      expect(takeAll(rate, noon + 599)).toBe(0);
      expect(takeAll(rate, noon + 600)).toBe(1);
      expect(takeAll(rate, noon + 600)).toBe(0);
      expect(takeAll(rate, noon + 1_799)).toBe(1);
    });
  });

  it("says the wait in whole seconds, and never one that is too short", async () => {
    await withRate((rate) => {
      take(rate, 1, slow);
      const waits = [0, 1, 1_000, 58_999, 59_000, 59_999, 60_000].map((ms) => rate.secondsUntilNext(slow, noon + ms));
      expect(waits).toEqual([60, 60, 59, 2, 1, 1, 0]);
    });
  });

  it.each([
    ["free", free, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
    ["pro", pro, [6, 5, 4, 3, 2, 1, 0]],
  ] as const)("of the tier %s is full in whole seconds that count down one by one", async (_, limit, seconds) => {
    await withRate((rate) => {
      take(rate, limit.burst, limit);
      const seen = (atMs: number) => seconds.map((_, second) => rate.state(limit, atMs + second * 1_000).resetSeconds);
      // An empty bucket names the wait for the next request, as Retry-After does.
      expect(seen(noon)).toEqual([1, ...seconds.slice(1)]);
      expect(seen(noon + 999)).toEqual(seconds);
    });
  });

  it("admits in a minute one burst and what flows in, however many requests come", async () => {
    await withRate((rate) => {
      const steps = Array.from({ length: 6_001 }, (_, step) => noon + step * 10);
      const taken = steps.map((atMs) => takeAll(rate, atMs));
      expect(taken[0]).toBe(20);
      expect(taken.slice(0, -1).reduce((sum, one) => sum + one)).toBe(119);
      expect(taken.at(-1)).toBe(1);
    });
  });

  it("never holds more than a burst", async () => {
    await withRate((rate) => {
      take(rate, 20);
      expect(left(rate, free, noon + 11_999)).toBe(19);
      expect(left(rate, free, noon + 12_000)).toBe(20);
      expect(takeAll(rate, noon + dayMs)).toBe(20);
    });
  });

  it("keeps what it holds when the tier changes", async () => {
    await withRate((rate) => {
      take(rate, 15);
      expect(left(rate, pro)).toBe(5);
      expect(rate.secondsUntilNext(pro, noon)).toBe(0);
      take(rate, 1, pro, noon + 6_000);
      expect(left(rate, pro, noon + 6_000)).toBe(99);
      expect(left(rate, free, noon + 6_000)).toBe(20);
    });
  });

  it("attack: a clock that goes back does not fill it, and does not stop the inflow", async () => {
    await withRate((rate) => {
      take(rate, 20);
      const earlier = noon - dayMs;
      expect(takeAll(rate, earlier)).toBe(0);
      expect(takeAll(rate, earlier + 600)).toBe(1);
    });
  });

  it("never holds less than nothing", async () => {
    await withRate((rate) => {
      take(rate, 50);
      expect(takeAll(rate, noon + 600)).toBe(1);
    });
  });
});

describe("a restart", () => {
  it("continues from what was committed, in the journal or in the table", async () => {
    const { inside, rows } = newLedger();
    const committed = await inside(({ sql }) => {
      const rate = new Rate(sql, "rate");
      take(rate, 7);
      rate.drain();
      rate.save();
      take(rate, 5);
      return rate.drain()!;
    });
    expect(committed).toEqual({ requests: 8, atMs: noon });
    await inside(({ sql }) => {
      const rate = new Rate(sql, "rate");
      expect(left(rate)).toBe(13);
      rate.restore(committed);
      rate.save();
    });
    expect(await inside(({ sql }) => left(new Rate(sql, "rate")))).toBe(8);
    expect(await rows("rate")).toEqual([{ one: 1, requests: 8, at_ms: noon }]);
  });

  it("commits each change once, and nothing when nothing was taken", async () => {
    await withRate((rate) => {
      expect(rate.drain()).toBeNull();
      rate.state(free, noon);
      expect(rate.drain()).toBeNull();
      take(rate, 2);
      expect(rate.drain()).toEqual({ requests: 18, atMs: noon });
      expect(rate.drain()).toBeNull();
    });
  });
});

describe("in the ledger", () => {
  afterEach(() => void vi.useRealTimers());

  it("attack: of 130 calls at once a burst is admitted, and a restart admits no more", async () => {
    clockAt(noon);
    const { call, restart } = await newMemberWithLedger({ plan_tier: "free" });
    const outcomes = await atOnce(130, () => call());
    expect(tally(outcomes.map(({ outcome }) => outcome))).toEqual({ authenticated: 100, limited: 30 });
    const remaining = outcomes.flatMap((one) => (one.outcome === "authenticated" ? [one.rate!.remaining] : []));
    expect(remaining.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    await restart();
    clockAt(noon + 599);
    expect((await call()).outcome).toBe("limited");
    clockAt(noon + 600);
    const next = await atOnce(2, async () => (await call()).outcome);
    expect(next.toSorted()).toEqual(["authenticated", "limited"]);
  });

  it("the bucket of one organization is not that of another", async () => {
    clockAt(noon);
    const one = await newMemberWithLedger({ plan_tier: "free" });
    const other = await newMemberWithLedger({ plan_tier: "free" });
    await atOnce(25, () => one.call());
    expect(await other.call()).toMatchObject({ outcome: "authenticated", rate: { remaining: 99 } });
  });
});
