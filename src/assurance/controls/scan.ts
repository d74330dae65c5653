/** Scans tables of any size, a few pages a run, and then starts again. */
import { z } from "@hono/zod-openapi";

const countsSchema = z.record(z.string(), z.int());
export type Counts = Readonly<Record<string, number>>;

const progressSchema = z.object({
  place: z.int(),
  after: z.string().nullable(),
  found: countsSchema,
  last: countsSchema.nullable(),
});

export interface Page {
  readonly counts: Counts;
  /** The key to continue after in this table; null at its end. */
  readonly next: string | null;
}

/** The state of a scan. */
export interface Scan {
  readonly progress: z.output<typeof progressSchema>;
  /** The counts of the last complete scan; null before the first. */
  readonly last: Counts | null;
  /** A count of the last complete scan or of the current one, whichever is higher. */
  worst(name: string): number;
}

function sum(counts: Counts, more: Counts): Counts {
  const names = new Set([...Object.keys(counts), ...Object.keys(more)]);
  return Object.fromEntries([...names].map((name) => [name, (counts[name] ?? 0) + (more[name] ?? 0)]));
}

/**
 * Continues where the last run stopped: reads at most `pages` pages, and not beyond the last table.
 *
 * @param places the number of tables
 */
export async function continueScan(
  earlier: unknown,
  places: number,
  pages: number,
  read: (place: number, after: string | null) => Promise<Page>,
): Promise<Scan> {
  const parsed = progressSchema.safeParse(earlier);
  let { place, after, found, last } = parsed.data ?? { place: 0, after: null, found: {}, last: null };
  for (let left = pages; left > 0 && place < places; left--) {
    const page = await read(place, after);
    found = sum(found, page.counts);
    after = page.next;
    if (after === null) place += 1;
  }
  if (place >= places) [place, after, found, last] = [0, null, {}, found];
  return {
    progress: { place, after, found, last },
    last,
    worst: (name) => Math.max(found[name] ?? 0, last?.[name] ?? 0),
  };
}
