/** The API reference at `/docs`: OpenAPI Explorer over `/openapi.json`, without requests to other origins. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { html } from "hono/html";
import viewer from "openapi-explorer/dist/browser/openapi-explorer.min.js";
import { version as viewerVersion } from "openapi-explorer/package.json";
import type { BaseEnv } from "../http/app-env.ts";

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

const page = html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>SentryAgent AgentIdP: API reference</title>
    <link rel="icon" href="data:,">
    <script type="module" src="/docs/viewer.js?v=${viewerVersion}"></script>
  </head>
  <body>
    <openapi-explorer spec-url="/openapi.json" hide-server-selection="true" collapse="true"></openapi-explorer>
    <noscript>The reference needs scripts. Its document is <a href="/openapi.json">/openapi.json</a>.</noscript>
  </body>
</html>
`;

/** Serves the page and its script. The URL of the script has its version, so that caches can store it permanently. */
export function serveDocs(app: OpenAPIHono<BaseEnv>): void {
  app.get("/docs", (c) =>
    c.body(page.toString(), 200, {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": contentSecurityPolicy,
      "Cache-Control": "public, max-age=300",
    }),
  );
  app.get("/docs/viewer.js", (c) =>
    c.body(viewer, 200, {
      "Content-Type": "text/javascript; charset=utf-8",
      "Cache-Control": "public, max-age=31536000, immutable",
    }),
  );
}
