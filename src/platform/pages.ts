/**
 * Lists in pages. SQLite gets a list as one JSON text, and neither D1 nor an object's storage takes a value of more than
 * 2,000,000 bytes (developers.cloudflare.com/d1/platform/limits).
 */

/** The most items of a page. */
export const mostItems = 500;
/** The most characters of a page of more than one item. UTF-8 has at most three bytes for each, so the page has 1,500,000 at most. */
const mostCharacters = 500_000;

/** Consecutive items. */
export interface Page<T> {
  /** At least one. */
  readonly items: readonly T[];
  /** The items as a JSON array. */
  readonly json: string;
}

/**
 * Consecutive pages of a list, each bounded by count and by bytes. An item that is larger than a page is a page of its own.
 * Reads the list only as far as the caller takes pages.
 *
 * @param jsonOf the JSON text of an item
 *
 * @example
 * ```ts
 * for (const { json } of pagesOf(rows)) sql.exec("INSERT INTO t SELECT value FROM json_each(?)", json);
 * ```
 */
export function* pagesOf<T>(
  list: Iterable<T>,
  jsonOf: (item: T) => string = JSON.stringify,
  most = mostItems,
): Generator<Page<T>, undefined> {
  let items: T[] = [];
  let texts: string[] = [];
  let characters = 0;
  const page = (): Page<T> => ({ items, json: `[${texts.join(",")}]` });
  for (const item of list) {
    const text = jsonOf(item);
    if (items.length > 0 && (items.length >= most || characters + text.length >= mostCharacters)) {
      yield page();
      items = [];
      texts = [];
      characters = 0;
    }
    items.push(item);
    texts.push(text);
    // With its comma.
    characters += text.length + 1;
  }
  if (items.length > 0) yield page();
  return undefined;
}

/** Whether D1 has refused a value because of its size. It then refuses it every time. */
export const isTooBig = (error: unknown): boolean =>
  error instanceof Error && error.message.includes("string or blob too big");
