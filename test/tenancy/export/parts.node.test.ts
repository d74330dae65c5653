/** An export in parts: put together, the parts are the whole, wherever one ends. */
import { expect, it } from "vitest";
import { type Key, type Position, partOf, type Section } from "../../../src/tenancy/export/parts.ts";

/** A section with so many lines, in pages of two. */
const section = (type: string, count: number): Section => ({
  type,
  async *pages(after: Key | null) {
    for (let n = Number(after?.[0] ?? 0); n < count; n += 2) {
      const lines = [n + 1, n + 2].filter((number) => number <= count).map((number) => ({ number }));
      yield { lines, last: [lines.at(-1)?.number ?? 0] };
    }
  },
});

/** A section that is one page. */
const single = (type: string): Section => ({
  type,
  async *pages() {
    yield { lines: [{ number: 1 }], last: null };
  },
});

const sections = [section("a", 5), section("empty", 0), single("one"), section("b", 4), single("two")];

const whole = [
  ...[1, 2, 3, 4, 5].map((number) => ({ type: "a", number })),
  { type: "one", number: 1 },
  ...[1, 2, 3, 4].map((number) => ({ type: "b", number })),
  { type: "two", number: 1 },
];

interface Line {
  readonly type: string;
  readonly number?: number;
  readonly counts?: Record<string, number>;
  readonly nextCursor?: string | null;
}

async function linesOf(from: Position | null, mostPages: number): Promise<Line[]> {
  const lines: object[] = [];
  for await (const page of partOf(sections, from, mostPages, JSON.stringify)) lines.push(...page);
  return lines as Line[];
}

it.each([
  [1, 7],
  [2, 4],
  [3, 3],
  [7, 1],
  [100, 1],
])("%i pages in a part", async (mostPages, mostParts) => {
  const all: Line[] = [];
  let parts = 0;
  for (let from: Position | null = null; ; ) {
    const lines = await linesOf(from, mostPages);
    const end = lines.pop();
    parts += 1;
    const counted: Record<string, number> = {};
    for (const { type } of lines) counted[type] = (counted[type] ?? 0) + 1;
    expect(end).toEqual({ type: "end", counts: counted, nextCursor: end?.nextCursor });
    expect(lines.length).toBeLessThanOrEqual(2 * mostPages);
    all.push(...lines);
    if (!end?.nextCursor) break;
    from = JSON.parse(end.nextCursor);
  }
  expect(all).toEqual(whole);
  expect(parts).toBeLessThanOrEqual(mostParts + 1);
});

it("the last line says that the export is complete", async () => {
  expect((await linesOf(null, 100)).at(-1)).toEqual({
    type: "end",
    counts: { a: 5, one: 1, b: 4, two: 1 },
    nextCursor: null,
  });
});
