/** The scheduled run: whatever fails in it, the next one makes it good. A file for each way, because each takes long. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { attackRuns, newWaiting, scheduledRun } from "./background.ts";
import { giveBack, type Mode, takeOver } from "./faults.ts";
import { comeToAnEnd } from "./send.ts";

export function attackScheduledRun(mode: Mode): void {
  beforeAll(takeOver);
  afterAll(async () => {
    giveBack();
    await comeToAnEnd();
  });

  it(`scheduled run, each call fails: ${mode}`, { timeout: 900_000 }, async () => {
    const calls = await attackRuns(mode, 200, async () => ({ waiting: await newWaiting(), run: scheduledRun }));
    expect(calls).toBeGreaterThan(20);
  });
}
