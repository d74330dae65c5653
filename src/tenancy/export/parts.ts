/** An export in parts: one answer has so many pages; its last line says where the next begins. Knows no database. */

/** A position in an ordered list: the values of its sort columns. */
export type Key = readonly (string | number)[];

export interface PageOfLines {
  readonly lines: readonly object[];
  /** The position of its last line; null where the section is one page. */
  readonly last: Key | null;
}

/** The lines of one type. */
export interface Section {
  readonly type: string;
  /** Reads the lines after a position, page by page and on demand. */
  pages(after: Key | null): AsyncIterable<PageOfLines>;
}

/** Where a part begins: in a section, after a position or at its start. */
export interface Position {
  readonly section: string;
  readonly after: Key | null;
}

/** The last line of each part. Without it the part is not complete. */
export interface EndLine {
  readonly type: "end";
  /** The number of lines of each type in this part. */
  readonly counts: Readonly<Record<string, number>>;
  /** null: the export is complete. */
  readonly nextCursor: string | null;
}

/**
 * The pages of one part.
 *
 * @param from null: the first part
 * @param mostPages how many pages with lines a part has
 */
export async function* partOf(
  sections: readonly Section[],
  from: Position | null,
  mostPages: number,
  cursorOf: (position: Position) => string,
): AsyncGenerator<readonly object[], void, void> {
  const counts: Record<string, number> = {};
  const end = (next: Position | null): readonly EndLine[] => [
    { type: "end", counts, nextCursor: next && cursorOf(next) },
  ];
  let left = mostPages;
  const first = from ? sections.findIndex(({ type }) => type === from.section) : 0;
  for (const section of sections.slice(first)) {
    const { type } = section;
    const after = type === from?.section ? from.after : null;
    if (left === 0) return yield end({ section: type, after });
    for await (const { lines, last } of section.pages(after)) {
      if (lines.length === 0) continue;
      left -= 1;
      counts[type] = (counts[type] ?? 0) + lines.length;
      yield lines.map((line) => ({ type, ...line }));
      if (left === 0 && last) return yield end({ section: type, after: last });
    }
  }
  yield end(null);
}
