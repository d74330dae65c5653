/** The frame of errors as pages, which are there also without the built pages of `web/`. They need no script, and load nothing but the icon. */
import { createHash } from "node:crypto";
import { html, raw } from "hono/html";

/** Makes HTML and escapes every value; for the pages of rooms. */
export { html };

/** Escaped HTML. */
export type Markup = ReturnType<typeof html>;

/** The colors, which are those of web/shared/tokens.css. Texts have a contrast of at least 4.5:1 (WCAG 1.4.3). */
const style = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#ffffff, #14181f);
  --ground: light-dark(#f4f6f9, #1d232c);
  --ink: light-dark(#1b2430, #e8ecf2);
  --quiet: light-dark(#566071, #a5afbd);
  --line: light-dark(#dfe3e9, #2d3541);
  --link: light-dark(#0a58a8, #86bdff);
}
* { box-sizing: border-box }
body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 1rem / 1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: anywhere;
}
a { color: var(--link); text-underline-offset: .15em }
a:focus-visible { outline: 2px solid; outline-offset: 2px; border-radius: 2px }
.site { border-bottom: 1px solid var(--line) }
.site > div { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; padding-block: .75rem }
.site nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .9375rem }
.brand { display: flex; align-items: center; gap: .5rem; margin-inline-end: auto; color: inherit; font-weight: 650; text-decoration: none }
.brand img { display: block }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875em }
.site > div, main { max-width: 60rem; margin-inline: auto; padding-inline: 1.25rem }
main { padding-block: 2rem 3rem }
h1 { margin: 0 0 .5rem; font-size: clamp(1.625rem, 1.2rem + 2vw, 2.25rem); line-height: 1.2 }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.25rem; line-height: 1.3 }
p { max-width: 44rem; margin: 0 0 1rem }
.lead { color: var(--quiet); font-size: 1.125rem }
code { padding: .125em .3em; border-radius: 4px; background: var(--ground) }
pre { margin: 0 0 1rem; padding: 1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--ground); white-space: pre-wrap }
pre code { padding: 0; background: none; font-size: 1em }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.25rem; margin: 1.5rem 0 }
.facts dt { color: var(--quiet) }
.facts dd { margin: 0 }
@media (width < 30rem) {
  .facts { grid-template-columns: 1fr; gap: 0 }
  .facts dd { margin-bottom: .75rem }
}
`;

/** Allows the style above and the icon. */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The headers of every page. */
export const pageHeaders = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": contentSecurityPolicy,
} as const;

const places = [
  ["/quick-start", "Docs"],
  ["/docs", "API reference"],
  ["/reference", "API explorer"],
  ["/sdks", "Libraries"],
  ["/pricing", "Pricing"],
  ["/status", "Status"],
  ["/console", "Console"],
] as const;

const siteHeader = (): Markup => html`<header class="site"><div>
<a class="brand" href="/"><img src="/favicon.ico" alt="" width="24" height="24">SentryAgent AgentIdP</a>
<nav aria-label="Pages">${places.map(([path, name]) => html`<a href="${path}">${name}</a>`)}</nav>
</div></header>`;

/** A text with `code` in backticks, as the registry of errors and the guides have it. */
export const withCode = (text: string): Markup =>
  html`${text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;

interface Page {
  /** Of the window, before the name of the service. */
  readonly title: string;
  readonly main: Markup;
}

/** A page as an HTML document. */
export function documentOf({ title, main }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
<style>${raw(style)}</style>
</head>
<body>
${siteHeader()}
<main>
${main}
</main>
</body>
</html>
`.toString();
}
