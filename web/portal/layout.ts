/** The frame of every page: head, navigation, contents, footer. Complete without script; the script adds the search, the themes and the copying. */
import { html, raw } from "hono/html";
import type { Heading } from "./markdown/render.ts";
import { sections } from "./site.ts";

export interface Frame {
  readonly path: string;
  readonly title: string;
  readonly about: string;
  /** HTML. */
  readonly main: string;
  readonly headings: readonly Heading[];
}

/** A page in the navigation. */
export interface Entry {
  readonly path: string;
  readonly title: string;
  readonly section: string | null;
}

export interface Site {
  readonly entries: readonly Entry[];
  /** URLs of the files with a hash in their names. */
  readonly style: string;
  readonly script: string;
  readonly search: string;
  readonly version: string;
}

const name = "SentryAgent AgentIdP";

/** The places in the head of every page, and the part of the portal for which each one is marked. */
export const places = [
  ["/quick-start", "Docs", /^\/(?!$|sdks|pricing|status)/],
  ["/docs", "API reference", null],
  ["/reference", "API explorer", null],
  ["/sdks", "Libraries", /^\/sdks/],
  ["/pricing", "Pricing", /^\/pricing$/],
  ["/status", "Status", /^\/status$/],
  ["/console", "Console", null],
] as const;

const current = (isCurrent: boolean, as = "page") => (isCurrent ? html` aria-current="${as}"` : "");

const header = (path: string, search: string) => html`<header class="top"><div>
<a class="brand" href="/"><img src="/favicon.ico" alt="" width="22" height="22">${name}</a>
<nav aria-label="Site">${places.map(
  ([to, text, part]) =>
    html`<a href="${to}"${current(part?.test(path) === true, to === path ? "page" : "true")}>${text}</a>`,
)}</nav>
<div class="tools">
<div id="search" data-index="${search}" hidden></div>
<button id="theme" type="button" hidden></button>
</div>
</div></header>`;

const link = ({ path, title }: Entry, at: string) =>
  html`<li><a href="${path}"${current(path === at)}>${title}</a></li>`;

/** All pages by section. On wide screens it is always open. */
const navigation = (entries: readonly Entry[], at: string) => html`<details class="menu"><summary>All pages</summary>
<nav aria-label="Documentation">${sections.map(
  (section) => html`
<h2>${section}</h2>
<ul>${entries.filter((entry) => entry.section === section).map((entry) => link(entry, at))}</ul>`,
)}
</nav></details>`;

const contentsLevels = [2, 3];

/** The headings of the page. Pages of few headings have no list of them. */
function contents(headings: readonly Heading[]) {
  const shown = headings.filter(({ level }) => contentsLevels.includes(level));
  const levels = shown.length > 40 ? shown.filter(({ level }) => level === 2) : shown;
  if (shown.length < 3) return "";
  return html`<details class="contents"><summary>On this page</summary>
<nav aria-label="On this page"><ul>${levels.map(
    ({ id, level, text }) => html`<li${level === 3 ? html` class="in"` : ""}><a href="#${id}">${text}</a></li>`,
  )}</ul></nav></details>`;
}

/** The pages before and after this one in the order of the navigation. */
function neighbors(entries: readonly Entry[], at: string) {
  const index = entries.findIndex(({ path }) => path === at);
  if (index < 0) return "";
  const [before, after] = [entries[index - 1], entries[index + 1]];
  return html`<nav class="neighbors" aria-label="Next and previous page">
${before ? html`<a rel="prev" href="${before.path}"><small>Previous</small> ${before.title}</a>` : ""}
${after ? html`<a rel="next" href="${after.path}"><small>Next</small> ${after.title}</a>` : ""}
</nav>`;
}

/** Pages with a look of their own. */
const kinds: Readonly<Record<string, string>> = { "/": "first", "/errors": "errors" };

const sourceOf = (path: string) => `${path === "/" ? "/index" : path}.md`;

/** A page as an HTML document. The Worker fills in the elements with \`data-fill\`, and makes the addresses in the head absolute. */
export function documentOf({ path, title, about, main, headings }: Frame, site: Site): string {
  const isFirst = path === "/";
  const listed = site.entries.filter(({ section }) => section !== null);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${isFirst ? `${name}: ${title}` : `${title} · ${name}`}</title>
<meta name="description" content="${about}">
<link rel="canonical" href="${path}">
<meta property="og:type" content="website">
<meta property="og:site_name" content="${name}">
<meta property="og:title" content="${title}">
<meta property="og:description" content="${about}">
<meta property="og:url" content="${path}">
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
<link rel="alternate" type="text/markdown" href="${sourceOf(path)}">
<link rel="stylesheet" href="${site.style}">
<script src="${site.script}"></script>
</head>
<body${path in kinds ? html` class="${kinds[path]}"` : ""}>
<a class="skip" href="#main">Skip to the content</a>
${header(path, site.search)}
<div class="page">
${isFirst ? "" : navigation(listed, path)}
${isFirst ? "" : contents(headings)}
<main id="main" tabindex="-1">
${raw(main)}${neighbors(listed, path)}
</main>
</div>
<footer><div>
<p><span data-fill="operator"></span>${name} ${site.version}.</p>
<nav aria-label="More">${isFirst ? "" : html`<a href="${sourceOf(path)}">This page as Markdown</a>`}
<a href="/errors">Errors</a>
<a href="/openapi.json">OpenAPI</a>
<a href="/llms.txt">llms.txt</a>
<a href="/health">Health</a></nav>
</div></footer>
</body>
</html>
`.toString();
}
