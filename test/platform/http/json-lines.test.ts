/** Newline-delimited JSON, written while it is read. */
import { describe, expect, it } from "vitest";
import { jsonLinesStream } from "../../../src/platform/http/json-stream.ts";

const decode = async (stream: ReadableStream<Uint8Array>) => new Response(stream).text();

/** So many pages of one item, and how they were taken. */
function counted(pages: number, failing = Number.POSITIVE_INFINITY) {
  const seen = { asked: 0, ended: false };
  async function* items() {
    try {
      for (let n = 1; n <= pages; n++) {
        seen.asked += 1;
        if (n === failing) throw new Error("the database is down");
        yield [{ n }];
      }
    } finally {
      seen.ended = true;
    }
  }
  return { seen, pages: items() };
}

describe("jsonLinesStream", () => {
  it("is a line for each item, and nothing for empty pages or behind the last", async () => {
    async function* pages() {
      yield [];
      yield [{ a: "x\ny" }, { b: 1 }];
      yield [];
      yield [{ c: "\u2028" }];
    }
    expect(await decode(jsonLinesStream(pages()))).toBe('{"a":"x\\ny"}\n{"b":1}\n{"c":"\u2028"}\n');
    expect(await decode(jsonLinesStream(counted(0).pages))).toBe("");
  });

  it("asks for a page when the reader wants it, and not before", async () => {
    const { seen, pages } = counted(1000);
    const reader = jsonLinesStream(pages).getReader();
    await scheduler.wait(5);
    expect(seen.asked).toBe(0);
    for (let n = 1; n <= 3; n++) {
      await reader.read();
      await scheduler.wait(5);
      expect(seen.asked).toBe(n);
    }
  });

  it("asks for no more when the reader has gone", async () => {
    const { seen, pages } = counted(1000);
    const reader = jsonLinesStream(pages).getReader();
    await reader.read();
    await reader.cancel();
    await scheduler.wait(5);
    expect(seen).toStrictEqual({ asked: 1, ended: true });
  });

  it("breaks off when a page fails: it never ends in order without being whole", async () => {
    const reader = jsonLinesStream(counted(5, 3).pages).getReader();
    await reader.read();
    await reader.read();
    await expect(reader.read()).rejects.toThrow("the database is down");
  });
});
