import { expect, it } from "vitest";
import { inLanes } from "../../src/platform/lanes.ts";

it("does the work for every item, so many at once and no more", async () => {
  let atOnce = 0;
  let most = 0;
  const outcomes = await inLanes(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    await scheduler.wait(5);
    atOnce -= 1;
    return item * 10;
  });
  expect(outcomes.toSorted((a, b) => a - b)).toEqual([10, 20, 30, 40, 50, 60, 70]);
  expect(most).toBe(3);
});

it("rejects with what a piece of work rejects with", async () => {
  const work = async (item: number) => {
    if (item === 2) throw new Error(`item ${item}`);
    return item;
  };
  await expect(inLanes(2, [1, 2, 3], work)).rejects.toThrow("item 2");
  expect(await inLanes(2, [], work)).toEqual([]);
});
