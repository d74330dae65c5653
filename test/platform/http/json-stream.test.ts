import { describe, expect, it } from "vitest";
import { jsonArrayStream } from "../../../src/platform/http/json-stream.ts";

/** Pages that count how often they were asked for. */
function counted(pages: readonly (readonly unknown[])[]) {
  const asked = { pages: 0, ended: false };
  async function* generate() {
    try {
      for (const page of pages) {
        asked.pages += 1;
        yield page;
      }
    } finally {
      asked.ended = true;
    }
  }
  return { asked, iterator: generate() };
}

const textOf = (pages: readonly (readonly unknown[])[]) =>
  new Response(jsonArrayStream(counted(pages).iterator)).text();

describe("a JSON array that is written while it is read", () => {
  it.each([
    ["no page", [], "[]"],
    ["empty pages", [[], []], "[]"],
    ["one page", [[1, 2]], "[1,2]"],
    ["pages with an empty one between", [[1], [], [{ a: "," }], []], '[1,{"a":","}]'],
  ])("%s", async (_, pages, text) => {
    expect(await textOf(pages)).toBe(text);
  });

  it("asks for a page when the reader is ready for it, and not before", async () => {
    const { asked, iterator } = counted(Array.from({ length: 1000 }, (_, page) => [page]));
    const reader = jsonArrayStream(iterator).getReader();
    expect(asked.pages).toBe(0);
    for (let read = 1; read <= 5; read++) {
      await reader.read();
      expect(asked.pages).toBe(read);
    }
  });

  it("asks for no more once the reader is gone", async () => {
    const { asked, iterator } = counted(Array.from({ length: 1000 }, (_, page) => [page]));
    const reader = jsonArrayStream(iterator).getReader();
    await reader.read();
    await reader.cancel();
    expect(asked).toEqual({ pages: 1, ended: true });
  });

  it("fails with the page that fails: what was sent is no JSON", async () => {
    async function* failing() {
      yield [1];
      throw new Error("the database is down");
    }
    const stream = jsonArrayStream(failing());
    const reader = stream.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("[1");
    await expect(reader.read()).rejects.toThrow("the database is down");
  });
});
