/** What follows an attempt. */
import { describe, expect, it } from "vitest";
import { nextAfter, type Schedule } from "../../src/deliveries/schedule.ts";

const nowMs = Date.UTC(2026, 0, 1);
const schedule: Schedule = { pausesMs: [1_000, 60_000], jitter: 0.25, longestRetryAfterMs: 3_600_000 };

const outcome = (httpStatusCode: number | null, retryAfter: string | null = null) => ({
  ok: httpStatusCode === 200,
  httpStatusCode,
  retryAfter,
});

/** What follows the first attempt, with the pause as the schedule has it. */
const afterFirst = (httpStatusCode: number | null, retryAfter: string | null = null) =>
  nextAfter(schedule, outcome(httpStatusCode, retryAfter), 1, nowMs, 0.5);

describe("the attempts", () => {
  it("end with a success, with the last of the schedule, and with 410", () => {
    expect(afterFirst(200)).toEqual({ status: "delivered" });
    expect(nextAfter(schedule, outcome(500), 3, nowMs, 0.5)).toEqual({ status: "dead_letter" });
    expect(afterFirst(410)).toEqual({ status: "dead_letter" });
  });

  it.each([500, 404, 302, null])("go on after %s", (status) => {
    expect(afterFirst(status)).toEqual({ status: "failed", pauseMs: 1_000 });
  });

  it.each([
    [0, 45_000],
    [0.5, 60_000],
    [1, 75_000],
  ])("are apart by the pause and its jitter: random %d", (random, pauseMs) => {
    expect(nextAfter(schedule, outcome(500), 2, nowMs, random)).toEqual({ status: "failed", pauseMs });
  });
});

describe("Retry-After", () => {
  it.each([
    ["90", 90_000],
    ["Thu, 01 Jan 2026 00:30:00 GMT", 1_800_000],
    ["7200", 3_600_000],
    ["9".repeat(400), 3_600_000],
  ])("%s makes a pause longer, up to the schedule's bound", (header, pauseMs) => {
    expect(afterFirst(503, header)).toEqual({ status: "failed", pauseMs });
  });

  it.each(["0", "soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT"])("%s makes none shorter", (header) => {
    expect(afterFirst(503, header)).toEqual({ status: "failed", pauseMs: 1_000 });
  });
});
