/** The pages of the two API references. */
import { html } from "hono/html";
import { places } from "../portal/layout.ts";

type Markup = ReturnType<typeof html>;

/** The URLs of what a page loads. */
interface Loaded {
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

interface Page extends Loaded {
  readonly path: string;
  readonly title: string;
  /** In the head of the page, after the links. */
  readonly tools: Markup | string;
  readonly main: Markup;
}

const documentOf = ({ path, title, styles, scripts, tools, main }: Page): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · SentryAgent AgentIdP</title>
<link rel="icon" href="/favicon.ico" type="image/svg+xml">
${styles.map((url) => html`<link rel="stylesheet" href="${url}">\n`)}${scripts.map(
  (url) => html`<script type="module" src="${url}"></script>\n`,
)}</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="site"><div>
<a class="brand" href="/"><img src="/favicon.ico" alt="" width="24" height="24">SentryAgent AgentIdP</a>
<nav aria-label="Pages">${places.map(
    ([to, name]) => html`<a href="${to}"${to === path ? html` aria-current="page"` : ""}>${name}</a>`,
  )}</nav>${tools}
</div></header>
${main}
<noscript><p>This page needs scripts. Its document is <a href="/openapi.json">/openapi.json</a>.</p></noscript>
</body>
</html>
`.toString();

/** `/docs`: OpenAPI Explorer. */
export const docsPage = (loaded: Loaded, version: string): string =>
  documentOf({
    ...loaded,
    path: "/docs",
    title: "API reference",
    tools: html`\n<button id="menu" type="button" aria-expanded="false">Menu</button>`,
    main: html`<openapi-explorer id="main" spec-url="/openapi.json" hide-server-selection="true" collapse="true">
<div slot="overview" class="section">
<h1>API reference</h1>
<p>SentryAgent AgentIdP ${version}. For tools: <a href="/openapi.json">the OpenAPI document</a>. The same operations in another
form: <a href="/reference">the API explorer</a>.</p>
</div>
<div slot="overview-footer" class="section"><p>New here? Begin with <a href="/quick-start">the quick start</a>, or look through <a href="/guides">the guides</a>.</p></div>
<div slot="authentication-header" class="section">
<h1>Authentication</h1>
<p>Get a token with the id and the secret of an agent, or paste one. Without a chosen scope, the token has the scopes that the
agent has by default; a scope that the agent may not have is an error.</p>
</div>
</openapi-explorer>`,
  });

const tokenForms = html`<details id="token">
<summary>Token for the requests: <span id="state" role="status">none</span></summary>
<div class="forms">
<form id="fetch">
<h2>Get a token</h2>
<label>Client id<input name="client_id" required autocomplete="off" spellcheck="false"></label>
<label>Client secret<input name="client_secret" type="password" required autocomplete="off"></label>
<label>Scopes, or nothing for those that the agent has by default<input name="scope" autocomplete="off" spellcheck="false"></label>
<button type="submit">Get a token for 5 minutes</button>
</form>
<form id="paste">
<h2>Or paste one</h2>
<label>Access token<input name="token" type="password" required autocomplete="off"></label>
<button type="submit">Use this token</button>
</form>
</div>
<p>The token is in the memory of this page alone. A token of the first form is revoked after 5 minutes, and when you leave the page or
forget it. A pasted one is only forgotten.</p>
<button id="forget" type="button" hidden>Forget the token</button>
</details>`;

/** `/reference`: Stoplight Elements. */
export const referencePage = (loaded: Loaded): string =>
  documentOf({
    ...loaded,
    path: "/reference",
    title: "API explorer",
    tools: "",
    main: html`<main id="main" tabindex="-1">
<div class="intro">
<h1>API explorer</h1>
<p>Every operation, to read and to try. <a href="/docs">The API reference at /docs</a> has the same operations, and works with a
keyboard and a screen reader; this explorer does so only in part.</p>
${tokenForms}
</div>
<elements-api apiDescriptionUrl="/openapi.json" router="hash" layout="responsive" tryItCredentialsPolicy="omit"></elements-api>
</main>`,
  });
