/** One commit in D1 for the outcomes of a batch that are written at about the same time. */
import type { BatchItem } from "drizzle-orm/batch";
import type { WithDb } from "../platform/context.ts";

type Statement = BatchItem<"sqlite">;

/** Writes statements in their order; resolves when they are written. */
export type Write = (...statements: readonly Statement[]) => Promise<void>;

/** How long the first outcome waits for others. */
const collectMs = 5;

/** The writer of one queue batch. It collects statements for some milliseconds and writes them as one D1 batch. */
export function writeTogether({ db }: WithDb): Write {
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
