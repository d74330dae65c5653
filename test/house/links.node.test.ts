/** Every relative link of a page leads to a file that is there, and to a heading that it has. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { filesUnder, root } from "./_source.ts";

/** Those of `web/` have addresses of the service, which its build checks. */
const pages = filesUnder(root, [".git", ".local", ".wrangler", "node_modules", "dist", "web"])
  .filter((file) => file.endsWith(".md"))
  .map((file) => relative(root, file));

const textOf = (page: string) => readFileSync(join(root, page), "utf8").replace(/^```[\s\S]*?^```/gm, "");

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>();
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => {
    const title = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const anchor = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

function brokenLinksOf(page: string): string[] {
  const links = [...textOf(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => {
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : relative(root, join(root, dirname(page), path));
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !(target.endsWith(".md") && anchorsOf(target).includes(anchor));
  });
}

describe("links between pages", () => {
  it("are looked at in all pages", () => {
    expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/README.md", "docs/decisions/README.md"]));
    expect(anchorsOf("docs/concepts.md")).toContain("what-revoked-guarantees");
  });

  it.each(pages)("%s", (page) => {
    expect(brokenLinksOf(page)).toEqual([]);
  });
});

it("the list of the documents has every guide, since the portal has the pages of that list", () => {
  const list = textOf("docs/README.md");
  const guides = pages.filter((page) => page.startsWith("docs/guides/")).map((page) => page.slice("docs/".length));
  expect(guides.filter((guide) => !list.includes(`](${guide})`))).toEqual([]);
  expect(guides.length).toBeGreaterThan(20);
});
