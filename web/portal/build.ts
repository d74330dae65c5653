/** Builds the portal: a page of HTML and one of Markdown for each document, the search index, and the files for programs. A dead link stops the build. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { asset, gzipBytes, kib, type Measure, write } from "../build/output.ts";
import { documentOf, type Site } from "./layout.ts";
import { newLinks } from "./links.ts";
import { type Heading, outlineOf, render, resolvedSource } from "./markdown/render.ts";
import { ownPages } from "./own-pages.ts";
import { searchIndex } from "./search.ts";
import { documentPages, root, type Source, sections, unlisted } from "./site.ts";
import { llmsTxt, sitemap } from "./texts.ts";

const titleIn = (headings: readonly Heading[]): string => headings.find(({ level }) => level === 1)?.text ?? "";
const titleOf = (page: Source): string => titleIn(outlineOf(page));

/** Later ones have precedence. */
const styles = ["base", "head", "columns", "text", "kinds", "media"].map((name) => `portal/styles/${name}.css`);

/** The style sheet: the tokens, then the portal's own rules, without comments and line breaks. */
function styleSheet(): string {
  const read = (path: string) => readFileSync(join(root, "web", path), "utf8");
  const { outputFiles } = buildSync({
    stdin: { contents: ["shared/tokens.css", ...styles].map(read).join("\n"), loader: "css" },
    minify: true,
    write: false,
    target: ["chrome123", "firefox120", "safari17.5"],
  });
  return outputFiles[0]?.text ?? "";
}

/** The one script. It runs before the page is drawn, so that a chosen theme is there from the start. */
function script(): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(import.meta.dirname, "browser/portal.ts")],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
  });
  return outputFiles[0]?.text ?? "";
}

/** Elements that the Worker fills in. A placeholder alone in a paragraph is a block. */
const withFills = (html: string): string =>
  html
    .replace(/<p>\{\{(\w+)\}\}<\/p>/g, '<div data-fill="$1"></div>')
    .replace(/\{\{(\w+)\}\}/g, '<span data-fill="$1"></span>');

/** Builds the portal. */
export async function buildPortal(): Promise<readonly Measure[]> {
  const documents = documentPages();
  const forgotten = unlisted(documents);
  if (forgotten.length > 0) throw new Error(`docs/README.md does not list ${forgotten.join(", ")}`);
  const own = ownPages(documents, titleOf);
  // The list of a section is its first page.
  const inNavigation = [...own, ...documents].sort((one, other) => rank(one) - rank(other));
  const links = newLinks(inNavigation);

  const [style, code, index] = [
    styleSheet(),
    script(),
    searchIndex(inNavigation.map((page) => ({ ...page, headings: outlineOf(page), title: titleOf(page) }))),
  ];
  const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
  const site: Site = {
    entries: inNavigation.map((page) => ({ ...page, title: titleOf(page) })),
    style: asset("portal.css", style),
    script: asset("portal.js", code),
    search: asset("search.json", index),
    version,
  };

  const shared = gzipBytes(style) + gzipBytes(code);
  const sizes = inNavigation.map((page) => {
    const { title, html, headings } = render(page, links.toPage(page));
    const document = documentOf({ ...page, title, headings, main: withFills(html) }, site);
    const file = page.path === "/" ? "index" : page.path.slice(1);
    write(`pages/${file}.html`, document);
    write(`pages/${file}.md`, resolvedSource(page.markdown, links.toSource(page)));
    return { what: `Portal, ${page.path}`, bytes: gzipBytes(document) + shared, most: 30 * kib };
  });
  if (links.dead.length > 0) throw new Error(`Dead links:\n${links.dead.join("\n")}`);

  write(
    "pages/llms.txt",
    llmsTxt(
      inNavigation.map((page) => ({ ...page, title: titleOf(page) })),
      sections,
    ),
  );
  write("pages/sitemap.xml", sitemap(["/docs", ...inNavigation.map(({ path }) => path)].sort()));
  const largest = sizes.sort((one, other) => other.bytes - one.bytes).slice(0, 1);
  return [
    ...largest.map((size) => ({ ...size, what: `${size.what}, the largest page with style and script` })),
    { what: "Portal, the script", bytes: gzipBytes(code), most: 8 * kib },
    { what: "Portal, the search index", bytes: gzipBytes(index), most: 40 * kib },
  ];
}

const rank = ({ section }: Source): number => (section === null ? -1 : sections.indexOf(section));
