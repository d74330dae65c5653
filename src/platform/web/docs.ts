/** The API reference at `/docs`: OpenAPI Explorer over `/openapi.json`, without requests to other origins. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { html, raw } from "hono/html";
import type { BaseEnv } from "../http/app-env.ts";
import { version } from "../version.ts";
import { docsStyle } from "./docs-style.ts";
import { type Markup, siteHeader } from "./document.ts";
import { explorerScript } from "./explorer-script.ts";
import { guides } from "./links.ts";
import { viewerScript, viewerVersion } from "./viewer.ts";

/** The viewer sets style attributes on its own elements, which only `'unsafe-inline'` allows. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

function guideLinks(docsUrl: string | null): Markup {
  if (docsUrl === null)
    return html`<p>The quick start and the guides are listed on <a href="/">the first page</a>.</p>`;
  return html`<h2>Guides</h2>
<ul>${guides.map(({ path, name, about }) => html`<li><a href="${docsUrl}${path}">${name}</a>: ${about}</li>\n`)}</ul>`;
}

const pageOf = (docsUrl: string | null) => html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>SentryAgent AgentIdP: API reference</title>
    <link rel="icon" href="/favicon.ico" type="image/svg+xml">
    <style>${raw(docsStyle)}</style>
    <script type="module" src="/docs/viewer.js?v=${viewerVersion}"></script>
    <script type="module" src="/docs/explorer.js"></script>
  </head>
  <body>
    ${siteHeader(html`\n<button id="menu" type="button" aria-expanded="false">Menu</button>`)}
    <openapi-explorer spec-url="/openapi.json" hide-server-selection="true" collapse="true">
      <div slot="overview" class="section">
        <h1>API reference</h1>
        <p>SentryAgent AgentIdP ${version}. For tools: <a href="/openapi.json">the OpenAPI document</a>.</p>
      </div>
      <div slot="overview-footer" class="section">${guideLinks(docsUrl)}</div>
      <div slot="authentication-header" class="section">
        <h1>Authentication</h1>
        <p>Get a token with the id and the secret of an agent, or paste one. Without a chosen scope, the token has the scopes that the
        agent has by default; a scope that the agent may not have is an error.</p>
      </div>
    </openapi-explorer>
    <noscript><p>The reference needs scripts. Its document is <a href="/openapi.json">/openapi.json</a>.</p></noscript>
  </body>
</html>
`;

/** Serves the page and its scripts. The URL of the viewer has its version, so that caches can store it permanently. */
export function serveDocs(app: OpenAPIHono<BaseEnv>): void {
  const script = { "Content-Type": "text/javascript; charset=utf-8" };
  app.get("/docs", (c) =>
    c.body(pageOf(c.get("context").settings.docsUrl).toString(), 200, {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": contentSecurityPolicy,
      "Cache-Control": "public, max-age=300",
    }),
  );
  app.get("/docs/viewer.js", (c) =>
    c.body(viewerScript(), 200, { ...script, "Cache-Control": "public, max-age=31536000, immutable" }),
  );
  app.get("/docs/explorer.js", (c) =>
    c.body(explorerScript, 200, { ...script, "Cache-Control": "public, max-age=300" }),
  );
}
