/** Which functions authenticate a request: those of the API, or those of the console, which takes a session. */
import { createMiddleware } from "hono/factory";
import { isConsoleCall } from "../platform/http/console.ts";
import { fail } from "../platform/http/respond.ts";
import { type Problem, problem } from "../platform/problems/problems.ts";
import type { AppContext, AppEnv, Authenticators } from "./app-env.ts";

/**
 * Refuses a call of the console that was not made by one of its pages (Fetch Metadata 2.3). A browser always sends one of the two
 * headers where a page of another site could have made the request, except over http to a host that is not local.
 */
function refuseUnlessSameOrigin(c: AppContext): Problem | null {
  const site = c.req.header("Sec-Fetch-Site");
  const isOwn =
    site === undefined ? c.req.header("Origin") === c.get("context").settings.issuer : site === "same-origin";
  if (isOwn) return null;
  return problem("FORBIDDEN", "Only the pages of the console may do this.", {
    hint: "Open `/console`. A program calls the API below `/api/v1`, with an access token.",
  });
}

/** The console has its own credentials: a header that a page or a proxy adds must not count. */
function dropAuthorization(c: AppContext): void {
  if (c.req.header("Authorization") === undefined) return;
  const { url, method, signal } = c.req.raw;
  const headers = new Headers(c.req.raw.headers);
  headers.delete("Authorization");
  // The body is in Hono's cache, see `boundedBody`.
  c.req.raw = new Request(url, { method, headers, signal });
}

/** Middleware: gives the guards of the routes after it the functions that authenticate. */
export const authenticatedBy = ({ api, console }: Readonly<Record<"api" | "console", Authenticators>>) =>
  createMiddleware<AppEnv>(async (c, next) => {
    if (!isConsoleCall(c.req.raw)) {
      c.set("authenticators", api);
      return next();
    }
    const refused = refuseUnlessSameOrigin(c);
    if (refused) return fail(c, refused);
    dropAuthorization(c);
    c.set("authenticators", console);
    return next();
  });
