/** The load that requests share: by what they are told, how often is loaded, and when they do not wait. */
import { describe, expect, it } from "vitest";
import { SingleFlight } from "../../src/platform/single-flight.ts";

/** A load whose end the test decides. */
function held<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  return { work: () => promise, resolve, reject };
}

/** Counts how often it is asked; fails as long as `isDown`. */
function source() {
  const state = { asked: 0, isDown: false };
  const work = async (load: number) => {
    state.asked += 1;
    await scheduler.wait(20);
    if (state.isDown) throw new Error(`load ${load} failed`);
    return `load ${load}`;
  };
  return Object.assign(state, { work });
}

const many = <T>(call: () => Promise<T>) => Promise.allSettled(Array.from({ length: 50 }, call));
const valuesOf = (outcomes: readonly PromiseSettledResult<unknown>[]) => [
  ...new Set(outcomes.map((one) => (one.status === "fulfilled" ? one.value : String(one.reason)))),
];

describe("loads at the same time", () => {
  it("are one", async () => {
    const loads = new SingleFlight<string>(1_000);
    const from = source();
    expect(valuesOf(await many(() => loads.after(from.work)))).toEqual(["load 1"]);
    expect(from.asked).toBe(1);
    expect(loads.begun).toBe(1);
    expect(loads.isRunning).toBe(false);
  });

  it("are one after the other when they do not overlap: what ended before does not answer for a new need", async () => {
    const loads = new SingleFlight<string>(1_000);
    const { work } = source();
    expect(await loads.after(work)).toBe("load 1");
    expect(await loads.after(work)).toBe("load 2");
    expect(loads.found).toEqual({ number: 2, value: "load 2" });
  });

  it("find what is newer than the number that is asked for, at once where that is there", async () => {
    const loads = new SingleFlight<string>(1_000);
    const from = source();
    await loads.after(from.work);
    expect(await loads.after(from.work, 0)).toBe("load 1");
    expect(from.asked).toBe(1);
    expect(valuesOf(await many(() => loads.after(from.work, 1)))).toEqual(["load 2"]);
    expect(from.asked).toBe(2);
  });
});

describe("a load that fails", () => {
  it("is not kept: the next one asks again", async () => {
    const loads = new SingleFlight<string>(1_000);
    const from = source();
    from.isDown = true;
    await expect(loads.after(from.work)).rejects.toThrow("load 1 failed");
    expect([loads.found, loads.isRunning]).toEqual([null, false]);
    from.isDown = false;
    expect(await loads.after(from.work)).toBe("load 2");
  });

  it("leaves what an earlier one found", async () => {
    const loads = new SingleFlight<string>(1_000);
    const from = source();
    await loads.after(from.work);
    from.isDown = true;
    await expect(loads.after(from.work)).rejects.toThrow("load 2 failed");
    expect(loads.found).toEqual({ number: 1, value: "load 1" });
  });

  it("and began before a request came: that one asks for itself, once for all who waited", async () => {
    const loads = new SingleFlight<string>(1_000);
    const first = held<string>();
    const failing = loads.start(first.work);
    const from = source();
    const waiting = many(() => loads.after(from.work));
    first.reject(new Error("load 1 failed"));
    await expect(failing).rejects.toThrow("load 1 failed");
    expect(valuesOf(await waiting)).toEqual(["load 2"]);
    expect(from.asked).toBe(1);
  });

  it("and began after they came: all who wait are told, and none of them asks again", async () => {
    const loads = new SingleFlight<string>(1_000);
    const first = held<string>();
    const failing = loads.start(first.work);
    const from = source();
    from.isDown = true;
    const waiting = many(() => loads.after(from.work));
    first.reject(new Error("load 1 failed"));
    await expect(failing).rejects.toThrow("load 1 failed");
    expect(valuesOf(await waiting)).toEqual(["Error: load 2 failed"]);
    expect(from.asked).toBe(1);
  });
});

describe("a load whose request was cancelled, so that it never ends", () => {
  it("holds nobody up for longer than a load may take; one of those who waited loads for all", async () => {
    const loads = new SingleFlight<string>(1_000);
    void loads.start(held<string>().work);
    const from = source();
    const beganAt = performance.now();
    expect(valuesOf(await many(() => loads.after(from.work)))).toEqual(["load 2"]);
    expect(from.asked).toBe(1);
    const tookMs = performance.now() - beganAt;
    expect(tookMs).toBeGreaterThanOrEqual(950);
    expect(tookMs).toBeLessThan(5_000);
  });

  it("holds up nobody who comes after that time", async () => {
    const loads = new SingleFlight<string>(50);
    void loads.start(held<string>().work);
    await scheduler.wait(60);
    expect(loads.isRunning).toBe(false);
    expect(await loads.after(async () => "at once")).toBe("at once");
  });

  it("does not take the place of a newer one when it ends after all", async () => {
    const loads = new SingleFlight<string>(50);
    const late = held<string>();
    const ended = loads.start(late.work);
    await scheduler.wait(60);
    await loads.after(async () => "new");
    late.resolve("old");
    expect(await ended).toBe("old");
    expect(loads.found?.value).toBe("new");
  });
});

describe("what is forgotten", () => {
  it("is not found any more, and a load that was under way then is neither kept nor waited for", async () => {
    const loads = new SingleFlight<string>(1_000);
    const before = held<string>();
    const ended = loads.start(before.work);
    loads.forget();
    expect(await loads.after(async () => "after")).toBe("after");
    before.resolve("before");
    await ended;
    expect(loads.found?.value).toBe("after");
    loads.forget();
    expect(loads.found).toBe(null);
  });
});
