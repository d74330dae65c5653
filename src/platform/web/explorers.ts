/** The two API references over `/openapi.json`: `/docs` (OpenAPI Explorer) and `/reference` (Stoplight Elements). `web/explorer` builds them. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { BaseEnv } from "../http/app-env.ts";
import { fail } from "../http/respond.ts";
import { problem } from "../problems/problems.ts";
import { count } from "../telemetry/recording.ts";
import { fileOf } from "./assets.ts";

/** Both viewers set styles in their elements, which only `'unsafe-inline'` allows, and make HTML of text. */
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

const headers = { "Cache-Control": "public, max-age=300", "Content-Security-Policy": contentSecurityPolicy } as const;

/** Serves the pages. Their scripts and styles are assets. */
export function serveExplorers(app: OpenAPIHono<BaseEnv>): void {
  for (const name of ["docs", "reference"] as const) {
    app.get(`/${name}`, async (c) => {
      const page = await fileOf(c, `/explorer/${name}.html`, headers);
      if (page === null) return fail(c, problem("NOT_FOUND"));
      count("agentidp_web_pages_total", { area: "reference" });
      return page;
    });
  }
}
