/** What the build of the portal refuses, and the forms that it gives to a page. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

const folder = join(import.meta.dirname, "../../../web/portal");
// Modules of another package: its types are checked there.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Module = any;
let links: Module;
let rendering: Module;
let search: Module;

beforeAll(async () => {
  links = await import(join(folder, "links.ts"));
  rendering = await import(join(folder, "markdown/render.ts"));
  search = await import(join(folder, "browser/search.ts"));
});

const pageOf = (path: string, markdown: string) => ({
  file: `docs${path}.md`,
  path,
  section: null,
  about: "",
  markdown,
});
const html = (markdown: string, path = "/guides/a") =>
  rendering.render({ path, markdown }, (link: string) => link).html;

describe("links of documents", () => {
  const from = pageOf("/guides/a", "# A\n\n## Here\n");
  const errors = pageOf("/errors", "# Errors\n\n## AGENT_NOT_FOUND\n");
  const resolve = (link: string) => {
    const { dead, toPage, toSource } = links.newLinks([from, errors]);
    return { page: toPage(from)(link), source: toSource(from)(link), dead };
  };

  it.each([
    ["../errors.md", "/errors", "/errors.md"],
    ["../errors.md#agent_not_found", "/errors#AGENT_NOT_FOUND", "/errors.md#AGENT_NOT_FOUND"],
    ["#here", "#here", "#here"],
    ["https://example.com/#a", "https://example.com/#a", "https://example.com/#a"],
    ["../../package.json", null, null],
  ])("%s", (link, page, source) => {
    expect(resolve(link)).toEqual({ page, source, dead: [] });
  });

  it.each(["b.md", "../errors.md#none", "#none", "/none", "../../none.ts"])("%s is dead", (link) => {
    expect(resolve(link).dead.length).toBeGreaterThan(0);
  });
});

describe("a page", () => {
  it("has classes in place of styles, and escapes code", () => {
    const page = html('# A\n\n```sh\ncat "<b>"\nls # it\n```\n\n| a | b |\n|---|---:|\n| 1 | 2 |\n');
    expect(page).not.toMatch(/style=|<b>/);
    expect(page).toContain('<i class="q"># it</i>');
    expect(page).toContain('<td class="number">2</td>');
  });

  it("names a file that is no page", () => {
    const markdown = "# A\n\n[The program](../x/run.ts) and [`run.ts`](../x/run.ts).\n";
    expect(rendering.render({ path: "/a", markdown }, () => null).html).toContain(
      "<p>The program (x/run.ts) and <code>run.ts</code>.</p>",
    );
  });

  it("has a diagram as a list or a table, and refuses a kind that has no form", () => {
    const sequence = "sequenceDiagram\n    participant A as an agent\n    A->>B: hello <b>";
    expect(html(`# A\n\n\`\`\`mermaid\n${sequence}\n\`\`\`\n`)).toContain(
      "<li><b>an agent</b> → <b>B</b><br>hello &lt;b&gt;</li>",
    );
    expect(() => html("# A\n\n```mermaid\npie\n```\n")).toThrow("no form for a diagram");
    expect(() => html("text\n")).toThrow("one h1");
  });
});

it("the search wants all words, and prefers pages and beginnings of words", () => {
  const entries = [
    { href: "/a#1", title: "Unrevoked", page: "A", text: "unrevoked a" },
    { href: "/a#2", title: "Revoke a token", page: "A", text: "revoke a token a" },
    { href: "/t", title: "Issue and revoke tokens", page: "", text: "issue and revoke tokens" },
  ];
  const found = (query: string) => search.find(entries, query).map(({ href }: { href: string }) => href);
  expect(found("revoke")).toEqual(["/a#2", "/t", "/a#1"]);
  expect(found("Revoke TOKEN issue")).toEqual(["/t"]);
  expect(found("none")).toEqual([]);
  expect(found("  ")).toEqual([]);
});
