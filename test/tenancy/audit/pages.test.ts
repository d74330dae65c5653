/** How a long log comes out of D1: a page is looked at while the next is on its way, and no more than that. */
import { expect, it } from "vitest";
import type { Context } from "../../../src/platform/context.ts";
import type { OrganizationId } from "../../../src/platform/ids.ts";
import { eventPages } from "../../../src/tenancy/audit/store.ts";

const pageSize = 2000;
const failure = new Error("D1_ERROR: the second page is out of reach");

/** A log of so many events in a database that notes from where it was asked to read. */
function logOf(length: number, failsAfter = Number.POSITIVE_INFINITY) {
  const asked: number[] = [];
  const raw = async (after: number) => {
    asked.push(after);
    if (after >= failsAfter) throw failure;
    const first = Math.max(after, 0) + 1;
    return Array.from({ length: Math.min(pageSize, length - first + 1) }, (_, index) => [first + index]);
  };
  const prepare = () => ({ bind: (_: string, after: number) => ({ raw: () => raw(after) }) });
  const context = { env: { DB: { prepare } } } as unknown as Context;
  return { asked, pages: eventPages(context, "o" as OrganizationId, 0, length) };
}

it("asks for one page ahead", async () => {
  const { asked, pages } = logOf(3 * pageSize);
  const seen: number[] = [];
  const askedWhenSeen: number[] = [];
  for await (const page of pages) {
    seen.push(page.length);
    askedWhenSeen.push(asked.length);
  }
  expect(seen).toEqual([pageSize, pageSize, pageSize, 0]);
  expect(askedWhenSeen).toEqual([2, 3, 4, 4]);
  expect(asked).toEqual([0, pageSize, 2 * pageSize, 3 * pageSize]);
});

it("asks for nothing behind a page that is not full", async () => {
  const { asked, pages } = logOf(pageSize + 1);
  for await (const _ of pages);
  expect(asked).toEqual([0, pageSize]);
});

it("a page that fails, fails when it is asked for, and after those before it", async () => {
  const { pages } = logOf(3 * pageSize, pageSize);
  expect((await pages.next()).value).toHaveLength(pageSize);
  await expect(pages.next()).rejects.toBe(failure);
});

it("a page that nobody asks for fails without a word", async () => {
  const { asked, pages } = logOf(3 * pageSize, pageSize);
  await pages.next();
  await pages.return();
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(asked).toEqual([0, pageSize]);
});
