/** The shares of the parts, and what holds a part to its share. */
import { expect, it } from "vitest";
import { limitQueries } from "../../src/platform/db/query-budget.ts";
import { inBudget } from "../../src/platform/scheduled.ts";
import { scheduledParts as partNames } from "../../src/platform/telemetry/catalogue.ts";
import { scheduledParts } from "../../src/wings.ts";
import { bindings } from "./_crowd.ts";

const parts = scheduledParts.flat();

it("the shares of all parts are 800 at most: D1 allows an invocation 1,000 queries", () => {
  expect(parts.reduce((sum, { queries }) => sum + queries, 0)).toBeLessThanOrEqual(800);
});

it("every part has a series of its own", () => {
  expect(parts.map(({ name }) => name).sort()).toEqual([...partNames].sort());
});

it("a query and each statement of a batch count; what is above the limit is not sent", async () => {
  await bindings.DB.exec("CREATE TABLE counted (n INTEGER)");
  const { database, left, refused } = limitQueries(bindings.DB, 5);
  const insert = database.prepare("INSERT INTO counted VALUES (?)");
  await insert.bind(1).run();
  await database.batch([insert.bind(2), insert.bind(3)]);
  expect(await database.prepare("SELECT count(*) AS n FROM counted").first("n")).toBe(3);
  expect([left(), refused()]).toEqual([1, 0]);
  await expect(database.batch([insert.bind(4), insert.bind(5)])).rejects.toThrow("The database does not answer");
  await insert.bind(6).run();
  await expect(insert.bind(7).run()).rejects.toThrow("The database does not answer");
  expect([left(), refused()]).toEqual([0, 3]);
  const { results } = await bindings.DB.prepare("SELECT n FROM counted ORDER BY n").all();
  expect(results).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 6 }]);
});

it("items are begun while there is room for one more beside those under way", async () => {
  let left = 20;
  let underWay = 0;
  let widest = 0;
  const done: number[] = [];
  const items = Array.from({ length: 50 }, (_, n) => n);
  const rest = await inBudget({ queriesLeft: () => left }, { queriesEach: 4, width: 10 }, items, async (n) => {
    widest = Math.max(widest, ++underWay);
    await scheduler.wait(0);
    left -= 2;
    underWay -= 1;
    done.push(n);
  });
  // 20 / 4 at once. Each costs half of what was reserved, so there is room until less than 4 are left.
  expect(widest).toBe(5);
  expect(left).toBe(2);
  expect(done).toEqual(items.slice(0, 9));
  expect(rest).toEqual(items.slice(9));
});
