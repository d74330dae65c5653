import { expect, it } from "vitest";
import { isTooBig, pagesOf } from "../../src/platform/pages.ts";

const sizes = (list: Iterable<string>) => [...pagesOf(list)].map(({ items }) => items.length);
const bytesOf = (text: string) => new TextEncoder().encode(text).length;

it("an empty list has no page", () => {
  expect([...pagesOf([])]).toEqual([]);
});

it("a page has at most 500 items, in their order, and their JSON", () => {
  const list = Array.from({ length: 1_201 }, (_, index) => index);
  const pages = [...pagesOf(list)];
  expect(pages.map(({ items }) => items.length)).toEqual([500, 500, 201]);
  expect(pages.flatMap(({ items }) => items)).toEqual(list);
  expect(pages.flatMap(({ json }) => JSON.parse(json))).toEqual(list);
  expect([...pagesOf(list.slice(0, 5), JSON.stringify, 2)].map(({ json }) => json)).toEqual(["[0,1]", "[2,3]", "[4]"]);
});

it("a page of more than one item has at most 1,500,000 bytes, whatever the characters", () => {
  const pages = [...pagesOf(Array.from({ length: 5 }, () => "€".repeat(200_000)))];
  // A third one would make 600,000 characters.
  expect(pages.map(({ items }) => items.length)).toEqual([2, 2, 1]);
  for (const { json } of pages) expect(bytesOf(json)).toBeLessThanOrEqual(1_500_000);
});

it("an item that is larger than a page is a page of its own", () => {
  expect(sizes(["a", "b".repeat(3_000_000), "c", "d"])).toEqual([1, 1, 2]);
});

it("reads no more of the list than the pages that are taken, and one item", () => {
  let read = 0;
  function* list() {
    for (; ; read++) yield read;
  }
  expect(pagesOf(list(), JSON.stringify, 3).next().value?.items).toEqual([0, 1, 2]);
  expect(read).toBe(3);
});

it("knows the error of D1 and of an object's storage for a value that is too big, and no other", () => {
  expect(isTooBig(new Error("D1_ERROR: string or blob too big: SQLITE_TOOBIG"))).toBe(true);
  expect(isTooBig(new Error("string or blob too big: SQLITE_TOOBIG"))).toBe(true);
  expect(isTooBig(new Error("D1_ERROR: Network connection lost."))).toBe(false);
  expect(isTooBig("string or blob too big")).toBe(false);
});
