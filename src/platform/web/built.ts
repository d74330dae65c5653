/** The routes of what `web/` builds: the portal, the console, and the scripts and styles of both. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { type Bindings, type Settings, SettingsError, settingsOf } from "../env.ts";
import type { BaseContext, BaseEnv } from "../http/app-env.ts";
import { fail } from "../http/respond.ts";
import { problem } from "../problems/problems.ts";
import { count } from "../telemetry/recording.ts";
import { fileOf } from "./assets.ts";
import { filledPage } from "./filled.ts";
import { contentSecurityPolicy } from "./policy.ts";
import { portalFiles } from "./portal-files.ts";
import { portalPathOf } from "./portal-paths.ts";

/** `no-store`, so that "back" after the end of a session shows no page of it from the memory of the browser. */
const consoleHeaders = { "Cache-Control": "no-store", "Content-Security-Policy": contentSecurityPolicy } as const;

/** The name has the hash of the content. */
const forGood = { "Cache-Control": "public, max-age=31536000, immutable" } as const;

/** These have routes of their own in other rooms, which fill in what is true now. */
const withRouteElsewhere = /^pages\/(?:pricing|status)\.\w+$/;

/** The page that the answer to an error refers to. */
const pageOfErrors = /^pages\/errors\.\w+$/;

const orNotFound = (c: BaseContext, answer: Response | null) => answer ?? fail(c, problem("NOT_FOUND"));

function settingsIfValid(env: Bindings): Settings | null {
  try {
    return settingsOf(env);
  } catch (error) {
    if (error instanceof SettingsError) return null;
    throw error;
  }
}

/** Serves what needs no settings: scripts, styles, and the page of the errors. */
export function serveWithoutSettings(app: OpenAPIHono<BaseEnv>): void {
  app.get("/assets/:file{[\\w-]+(?:\\.[\\w-]+)+}", async (c) =>
    orNotFound(c, await fileOf(c, `/assets/${c.req.param("file")}`, forGood)),
  );
  for (const file of portalFiles.filter((name) => pageOfErrors.test(name))) {
    app.get(portalPathOf(file), (c) => filledPage(c, `/${file}`, { settings: settingsIfValid(c.env) }));
  }
}

/** Serves the portal. */
export function servePortal(app: OpenAPIHono<BaseEnv>): void {
  for (const file of portalFiles) {
    if (withRouteElsewhere.test(file) || pageOfErrors.test(file)) continue;
    app.get(portalPathOf(file), (c) => filledPage(c, `/${file}`, { settings: c.get("context").settings }));
  }
}

/** The console's own requests, which are no pages. */
const isRequest = /^\/console\/(?:api|session|sessions|links)(?:\/|$)/;

/** Serves the console: one page, whose script reads the path. Comes after the routes of the console's requests. */
export function serveConsole(app: OpenAPIHono<BaseEnv>): void {
  const page = async (c: BaseContext) => {
    const found = isRequest.test(c.req.path) ? null : await fileOf(c, "/console/index.html", consoleHeaders);
    if (found) count("agentidp_web_pages_total", { area: "console" });
    return orNotFound(c, found);
  };
  app.get("/console", page);
  app.get("/console/*", page);
}
