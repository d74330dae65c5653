/** A part of the client, such as `client.agents`. */
import { type Answered, Call } from "./call.ts";
import type { Engine } from "./engine.ts";
import type { Input, Operation } from "./operation.ts";
import { Pages } from "./pages.ts";
import type { CallOptions, ConditionalOptions } from "./types.ts";

export type { Engine } from "./engine.ts";

/** Rows of a page, when a list is read from its beginning to its end. */
const pageSize = 100;

/** A page of a list that counts. */
interface OffsetPage {
  readonly total: number;
  readonly offset: number;
}

export abstract class Part {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** For the methods that are written by hand. */
  protected get engine(): Engine {
    return this.#engine;
  }

  protected send<T>(operation: Operation, input: Input, options?: ConditionalOptions): Call<T> {
    return new Call(this.#engine.send(operation, input, options) as Promise<Answered<T>>);
  }

  /** A list by `nextCursor`, or by `offset` where the page has one. */
  protected pages<Item, Page>(operation: Operation, input: Input, options?: CallOptions): Pages<Item, Page> {
    const items = (page: Page) => (page as Record<string, readonly Item[]>)[operation.items ?? "data"] ?? [];
    const isOffset = operation.items === "deliveries";
    const positionName = isOffset ? "offset" : "cursor";
    return new Pages<Item, Page>({
      itemsOf: items,
      next: (page) => {
        if (!isOffset) return (page as { nextCursor: string | null }).nextCursor;
        const { total, offset } = page as OffsetPage;
        const end = offset + items(page).length;
        return items(page).length === 0 || end >= total ? null : String(end);
      },
      read: (position) => {
        const query = { limit: pageSize, ...input.query, [positionName]: position };
        return this.#engine.send(operation, { ...input, query }, options) as Promise<Answered<Page>>;
      },
    });
  }
}
