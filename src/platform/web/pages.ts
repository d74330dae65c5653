/** The routes of the pages and files for visitors, and the redirects of their addresses with a trailing slash. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { BaseContext, BaseEnv } from "../http/app-env.ts";
import { fail } from "../http/respond.ts";
import { problem } from "../problems/problems.ts";
import { serveConsole, servePortal, serveWithoutSettings } from "./built.ts";
import { serveExplorers } from "./explorers.ts";
import { icon } from "./icon.ts";
import { canBePage } from "./negotiation.ts";
import { robots, securityTxt } from "./text-files.ts";

const cacheable = { "Cache-Control": "public, max-age=300" } as const;
const text = { ...cacheable, "Content-Type": "text/plain; charset=utf-8" } as const;

/** Serves what needs no settings, so that it is there with broken settings, too: the page of such an error refers to it. */
export function serveFixedPages(app: OpenAPIHono<BaseEnv>): void {
  serveWithoutSettings(app);
  serveExplorers(app);
  app.get("/favicon.ico", (c) =>
    c.body(icon, 200, { "Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=86400" }),
  );
}

/** Serves the other pages and files. */
export function servePages(app: OpenAPIHono<BaseEnv>): void {
  servePortal(app);
  serveConsole(app);
  app.get("/robots.txt", (c) => c.body(robots(c.get("context").settings), 200, text));
  app.get("/.well-known/security.txt", (c) => {
    const { settings, now } = c.get("context");
    const file = securityTxt(settings, now());
    return file === null ? fail(c, problem("NOT_FOUND")) : c.body(file, 200, text);
  });
}

/**
 * Redirects a visit of a public page with a trailing slash to the page (308, RFC 9110 15.4.9), and answers null for every other
 * request. Only whole paths of the app are targets, so that no request chooses where it leads.
 */
export function withoutSlash(app: OpenAPIHono<BaseEnv>, c: BaseContext): Response | null {
  if (!canBePage(c.req.raw) || !c.req.path.endsWith("/")) return null;
  const path = c.req.path.slice(0, -1);
  const isPage = app.routes.some(
    (route) => route.method === "GET" && route.path === path && !/^\/api\/|[:*]/.test(path),
  );
  if (!isPage) return null;
  return c.body(null, 308, { ...cacheable, Location: `${path}${new URL(c.req.url).search}` });
}
