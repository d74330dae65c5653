/** Lists that come in pages. */
import type { Answered } from "./call.ts";

/** Reads one page: the first one without a position. */
export type ReadPage<Page> = (position: string | undefined) => Promise<Answered<Page>>;

interface Reading<Item, Page> {
  readonly read: ReadPage<Page>;
  readonly itemsOf: (page: Page) => readonly Item[];
  /** The position after a page; null at the end. */
  readonly next: (page: Page, position: string | undefined) => string | null;
}

/**
 * A list: `for await` gives its items, `await` its first page. A page is requested when its first item is needed, and none
 * after the loop ends.
 *
 * @example
 * ```ts
 * for await (const agent of client.agents.list({ status: "active" })) console.log(agent.email);
 * const { data } = await client.agents.list({ limit: 5 });
 * ```
 */
export class Pages<Item, Page> implements AsyncIterable<Item>, PromiseLike<Page> {
  readonly #reading: Reading<Item, Page>;

  constructor(reading: Reading<Item, Page>) {
    this.#reading = reading;
  }

  /** The pages, one after the other. */
  async *pages(): AsyncGenerator<Page, void, undefined> {
    let position: string | undefined;
    for (;;) {
      const { value } = await this.#reading.read(position);
      yield value;
      const next = this.#reading.next(value, position);
      if (next === null) return;
      position = next;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* this.#reading.itemsOf(page);
  }

  /** All items in one list. */
  async toArray(): Promise<Item[]> {
    const items: Item[] = [];
    for await (const item of this) items.push(item);
    return items;
  }

  /** The first page with its answer. */
  withResponse(): Promise<Answered<Page>> {
    return this.#reading.read(undefined);
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise of the first page
  then<A = Page, B = never>(
    onFulfilled?: ((page: Page) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.withResponse()
      .then(({ value }) => value)
      .then(onFulfilled, onRejected);
  }
}
