/** The routes of what `web/` builds: the portal, the console, and the scripts and styles of both. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { BaseContext, BaseEnv } from "../http/app-env.ts";
import { fail } from "../http/respond.ts";
import { problem } from "../problems/problems.ts";
import { fileOf } from "./assets.ts";
import { portalFiles } from "./portal-files.ts";
import { portalPathOf } from "./portal-paths.ts";

/**
 * Of portal and console: scripts and styles of this origin alone, none of them in the page, and no text becomes a script
 * (Trusted Types).
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

/** The headers of a page of the portal. */
export const portalHeaders = {
  "Cache-Control": "public, max-age=300",
  "Content-Security-Policy": contentSecurityPolicy,
} as const;

/** `no-store`, so that "back" after the end of a session shows no page of it from the memory of the browser. */
const consoleHeaders = { "Cache-Control": "no-store", "Content-Security-Policy": contentSecurityPolicy } as const;

/** The name has the hash of the content. */
const forGood = { "Cache-Control": "public, max-age=31536000, immutable" } as const;

/** These have routes of their own, which fill the built page, or no route. */
const withoutRoute = new Set(["pages/pricing.html", "pages/status.html", "pages/404.html"]);

const orNotFound = (c: BaseContext, answer: Response | null) => answer ?? fail(c, problem("NOT_FOUND"));

/** Serves the portal, and scripts and styles. They need no settings: the page of an error refers to a page of the portal. */
export function servePortal(app: OpenAPIHono<BaseEnv>): void {
  app.get("/assets/:file{[\\w-]+(?:\\.[\\w-]+)+}", async (c) =>
    orNotFound(c, await fileOf(c, `/assets/${c.req.param("file")}`, forGood)),
  );
  for (const file of portalFiles) {
    if (withoutRoute.has(file)) continue;
    app.get(portalPathOf(file), async (c) => orNotFound(c, await fileOf(c, `/${file}`, portalHeaders)));
  }
}

/** The console's own requests, which are no pages. */
const isRequest = /^\/console\/(?:api|session|sessions|links)(?:\/|$)/;

/** Serves the console: one page, whose script reads the path. Comes after the routes of the console's requests. */
export function serveConsole(app: OpenAPIHono<BaseEnv>): void {
  const page = async (c: BaseContext) =>
    orNotFound(c, isRequest.test(c.req.path) ? null : await fileOf(c, "/console/index.html", consoleHeaders));
  app.get("/console", page);
  app.get("/console/*", page);
}
