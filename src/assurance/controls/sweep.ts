/** Going through tables of any size a few pages a run, again and again. */
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
  /** Where to go on in this place; null at its end. */
  readonly next: string | null;
}

/** How far a sweep is. */
export interface Sweep {
  readonly progress: z.output<typeof progressSchema>;
  /** The counts of the last sweep that came to its end; null before the first. */
  readonly last: Counts | null;
  /** A count of what is known: of the last whole sweep or, where it is higher, of the one under way. */
  worst(name: string): number;
}

function sum(counts: Counts, more: Counts): Counts {
  const names = new Set([...Object.keys(counts), ...Object.keys(more)]);
  return Object.fromEntries([...names].map((name) => [name, (counts[name] ?? 0) + (more[name] ?? 0)]));
}

/**
 * Reads on from where the last run stopped, at most so many pages, and at most to the end of the last place.
 *
 * @param places how many there are
 */
export async function sweepOn(
  earlier: unknown,
  places: number,
  pages: number,
  read: (place: number, after: string | null) => Promise<Page>,
): Promise<Sweep> {
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
