/** The age of a time, which decides on every cached value and every window. */
import { describe, expect, it } from "vitest";
import { isYounger } from "../../src/platform/time.ts";

describe("with a limit of 60 milliseconds, a time", () => {
  it.each([
    ["of this millisecond is younger", 1_000, true],
    ["a millisecond before the limit is younger", 1_059, true],
    ["at the limit is not", 1_060, false],
    ["of long ago is not", 9_000, false],
    ["ahead of a clock that was set back is not", 999, false],
  ])("%s", (_, nowMs, younger) => {
    expect(isYounger(1_000, 60, nowMs)).toBe(younger);
  });
});
