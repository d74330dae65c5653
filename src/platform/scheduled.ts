/**
 * The parts of the scheduled run. D1 allows an invocation 1,000 queries, so each part has a share of {@link queriesEachRun}. What a
 * part leaves waits for the next run. A part gets its whole share in every run, so no part starves another.
 */
import type { Context } from "./context.ts";
import { limitQueries } from "./db/query-budget.ts";
import { log } from "./log.ts";
import type { PartName } from "./telemetry/catalogue.ts";
import { setGauge } from "./telemetry/recording.ts";

/** The sum of all shares at most. The rest is for the measurements of the platform itself. */
export const queriesEachRun = 800;

/** Calls the service with a request, without a network. */
export type CallApp = (context: Context, request: Request) => Promise<Response>;

/** What a part gets from the run. */
export interface Run {
  readonly callApp: CallApp;
  /** How many D1 queries of its share the part has left. */
  queriesLeft(): number;
}

export interface ScheduledPart {
  readonly name: PartName;
  /** The D1 queries of one run at most: its share. Each statement of a batch is a query. */
  readonly queries: number;
  /**
   * Must be safe to end at any point, to repeat, and to run twice at once: the runtime can end a run, and a run that takes longer
   * than a minute overlaps with the next one. The context refuses the queries above the share, so a part with much to do must look
   * at `queriesLeft`, or use {@link inBudget}.
   *
   * @returns the number of items that wait for the next run
   */
  run(context: Context, run: Run): Promise<number>;
}

/**
 * Runs a part with its share.
 *
 * @param contextWith makes the context of the run with another database
 * @throws the error of the part
 */
export async function runPart(
  { name, queries, run }: ScheduledPart,
  database: D1Database,
  contextWith: (database: D1Database) => Context,
  callApp: CallApp,
): Promise<void> {
  const budget = limitQueries(database, queries);
  const context = contextWith(budget.database);
  try {
    const waiting = await run(context, { callApp, queriesLeft: budget.left });
    setGauge("agentidp_scheduled_items_waiting", { part: name }, waiting);
  } finally {
    const refused = budget.refused();
    if (refused > 0) log.warn(context, "a part of the scheduled run has used its D1 queries", { part: name, refused });
  }
}

/** How the items of a part are worked on. */
interface Lanes {
  /** The D1 queries for one item, generously counted. */
  readonly queriesEach: number;
  readonly width: number;
}

/**
 * Does the same work for many items, at most `width` of them concurrently, while the share of the part has room for one more.
 * Rejects with the first work that rejects.
 *
 * @returns the items that were not begun
 */
export async function inBudget<Item>(
  { queriesLeft }: Pick<Run, "queriesLeft">,
  { queriesEach, width }: Lanes,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<readonly Item[]> {
  let begun = 0;
  let underWay = 0;
  const lane = async () => {
    while (begun < items.length && queriesLeft() >= (underWay + 1) * queriesEach) {
      const item = items[begun] as Item;
      begun += 1;
      underWay += 1;
      await work(item);
      underWay -= 1;
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return items.slice(begun);
}
