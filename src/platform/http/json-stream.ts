/** Long JSON, written while it is read: never more than a page of it is in memory. */
import type { Context as HonoContext, TypedResponse } from "hono";
import type { BaseEnv } from "./app-env.ts";

/** A response that fits whatever the route declares; what is in the stream, the types cannot see. */
type StreamedResponse = Response & TypedResponse<never, never, never>;

/** The media type of {@link jsonLines}. A string to the types: the name ends in "json", which they would take for it. */
export const jsonLinesType: string = "application/x-ndjson";

type Pages = AsyncIterator<readonly unknown[]>;

/**
 * The bytes of a text that is made of pages. A page is asked for when the reader is ready for it, and no more once the
 * reader is gone. When a page fails, so does the stream: what was sent then is not whole, and nobody takes it for that.
 */
function streamOf(pages: Pages, textOf: (page: readonly unknown[]) => string, end: () => string) {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = await pages.next();
          if (done) {
            const last = end();
            if (last !== "") controller.enqueue(encoder.encode(last));
            return controller.close();
          }
          if (value.length === 0) continue;
          return controller.enqueue(encoder.encode(textOf(value)));
        }
      },
      async cancel() {
        await pages.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The bytes of a JSON array. */
export function jsonArrayStream(pages: Pages): ReadableStream<Uint8Array> {
  let before = "[";
  const textOf = (page: readonly unknown[]) => {
    const text = `${before}${page.map((item) => JSON.stringify(item)).join(",")}`;
    before = ",";
    return text;
  };
  return streamOf(pages, textOf, () => (before === "[" ? "[]" : "]"));
}

/** The bytes of newline-delimited JSON: each item on its line, and nothing else. */
export function jsonLinesStream(pages: Pages): ReadableStream<Uint8Array> {
  return streamOf(
    pages,
    (page) => page.map((item) => `${JSON.stringify(item)}\n`).join(""),
    () => "",
  );
}

/** Answers with a JSON array that is too long to be built first. */
export function jsonArray<E extends BaseEnv>(c: HonoContext<E>, pages: Pages): StreamedResponse {
  return c.body(jsonArrayStream(pages), 200, { "Content-Type": "application/json" }) as unknown as StreamedResponse;
}

/**
 * Answers with newline-delimited JSON, to be saved.
 *
 * @param fileName without the ending
 */
export function jsonLines<E extends BaseEnv>(c: HonoContext<E>, pages: Pages, fileName: string): StreamedResponse {
  return c.body(jsonLinesStream(pages), 200, {
    "Content-Type": jsonLinesType,
    "Content-Disposition": `attachment; filename="${fileName}.ndjson"`,
  }) as unknown as StreamedResponse;
}
