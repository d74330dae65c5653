/** The Worker serves each document of `docs/` as a page, without a list that is written by hand. */
import { join, relative } from "node:path";
import { expect, it } from "vitest";
import { portalFiles } from "../../src/platform/web/portal-files.ts";
import { filesUnder, root } from "./_source.ts";

it("every guide is a page, as HTML and as Markdown, and every page of a guide is one of docs/", () => {
  const guides = filesUnder(join(root, "docs/guides")).map((file) => relative(join(root, "docs"), file));
  const served = portalFiles.filter((file) => file.startsWith("pages/guides/"));
  const expected = guides.flatMap((guide) => [`pages/${guide.replace(/\.md$/, ".html")}`, `pages/${guide}`]);
  expect(served.toSorted()).toEqual(expected.toSorted());
});

it("the table is the pages that are built", () => {
  const dist = join(root, "web/dist");
  const built = filesUnder(join(dist, "pages")).map((file) => relative(dist, file));
  expect(portalFiles.toSorted()).toEqual(built.toSorted());
});
