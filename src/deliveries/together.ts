/** One commit in D1 for the outcomes of a batch that come at about the same time. */
import type { BatchItem } from "drizzle-orm/batch";
import type { Context } from "../platform/context.ts";

type Statement = BatchItem<"sqlite">;

/** Writes statements in their order; settles when they are written. */
export type Write = (...statements: readonly Statement[]) => Promise<void>;

/** How long the first outcome waits for others. */
const collectMs = 5;

/** A way to write for the attempts of one batch of the queue. What is written within some milliseconds is one D1 batch. */
export function writeTogether({ db }: Pick<Context, "db">): Write {
  let waiting: Statement[] = [];
  let written: Promise<void> | null = null;
  const write = async () => {
    await scheduler.wait(collectMs);
    const [first, ...rest] = waiting;
    waiting = [];
    written = null;
    if (first) await db.batch([first, ...rest]);
  };
  return (...statements) => {
    waiting.push(...statements);
    written ??= write();
    return written;
  };
}
