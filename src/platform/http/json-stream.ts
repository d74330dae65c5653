/** Long JSON as a stream: at most one page of it is in memory. */
import type { Context as HonoContext, TypedResponse } from "hono";
import type { BaseEnv } from "./app-env.ts";

/** A response of any declared type: the types cannot describe the content of a stream. */
export type StreamedResponse = Response & TypedResponse<never, never, never>;

/** The media type of {@link jsonLines}. Typed as `string`: Hono takes a literal type that ends in "json" for JSON. */
export const jsonLinesType: string = "application/x-ndjson";

export type Pages = AsyncIterator<readonly unknown[]>;

/**
 * The UTF-8 form of a text made of pages. A page is read when the reader is ready for it, and none after the reader cancels.
 * When a page fails, the stream fails, so that the reader does not take a part for the whole.
 */
export function streamOf(
  pages: Pages,
  textOf: (page: readonly unknown[]) => string,
  end: () => string = () => "",
): ReadableStream<Uint8Array> {
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
          if (value.length > 0) return controller.enqueue(encoder.encode(textOf(value)));
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

/** The bytes of newline-delimited JSON: one item a line. */
export function jsonLinesStream(pages: Pages): ReadableStream<Uint8Array> {
  return streamOf(pages, (page) => page.map((item) => `${JSON.stringify(item)}\n`).join(""));
}

/** Answers with a JSON array. */
export function jsonArray<E extends BaseEnv>(c: HonoContext<E>, pages: Pages): StreamedResponse {
  return c.body(jsonArrayStream(pages), 200, { "Content-Type": "application/json" }) as unknown as StreamedResponse;
}

/** Answers with newline-delimited JSON as a download: without `pages` its headers alone, for HEAD. `fileName` has no extension. */
export function jsonLines<E extends BaseEnv>(
  c: HonoContext<E>,
  pages: Pages | null,
  fileName: string,
): StreamedResponse {
  return c.newResponse(pages && jsonLinesStream(pages), 200, {
    "Content-Type": jsonLinesType,
    "Content-Disposition": `attachment; filename="${fileName}.ndjson"`,
  }) as unknown as StreamedResponse;
}
