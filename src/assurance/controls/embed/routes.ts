/** The controls for embedding in other pages. Without cookies. */
import { createRouter } from "../../../access/router.ts";
import { readControls } from "../service.ts";
import { controlsBadge } from "./badge.ts";
import { controlsPage, pagePolicy, type Theme } from "./page.ts";
import { elementScript } from "./script.ts";

/** At the root. */
export const embedRoutes = createRouter();

/** So that pages with a `Cross-Origin-Embedder-Policy` can load it. */
const forAnyPage = { "Cross-Origin-Resource-Policy": "cross-origin" };
const forAMinute = { ...forAnyPage, "Cache-Control": "public, max-age=60" };

const pageHeaders = {
  ...forAMinute,
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": pagePolicy,
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const badgeHeaders = { ...forAMinute, "Content-Type": "image/svg+xml; charset=utf-8" };
const scriptHeaders = {
  ...forAnyPage,
  "Content-Type": "text/javascript; charset=utf-8",
  // While the service is down, a page can use a cached script for a day and show that state.
  "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=86400",
};

const themeOf = (requested: string | null | undefined): Theme | null =>
  requested === "light" || requested === "dark" ? requested : null;

embedRoutes.get("/embed/controls", async (c) => {
  const context = c.get("context");
  const { controls } = await readControls(context);
  const page = controlsPage(controls, themeOf(c.req.query("theme")), context.now(), context.settings);
  return c.body(page, 200, pageHeaders);
});

embedRoutes.get("/embed/controls.svg", async (c) => {
  const { controls } = await readControls(c.get("context"));
  return c.body(controlsBadge(controls), 200, badgeHeaders);
});

embedRoutes.get("/embed/controls.js", (c) => c.body(elementScript, 200, scriptHeaders));

/**
 * What an embed answers while a setting of the service is broken: every control is unknown. So a page of a customer has no broken
 * image, and no text for operators. Null for another path.
 */
export function embedWithoutSettings({ method, url }: Request): Response | null {
  if (method !== "GET" && method !== "HEAD") return null;
  const { pathname, searchParams } = new URL(url);
  const answer = (body: string, headers: Readonly<Record<string, string>>) =>
    new Response(method === "HEAD" ? null : body, { headers: { ...headers, "Access-Control-Allow-Origin": "*" } });
  if (pathname === "/embed/controls") {
    return answer(controlsPage(null, themeOf(searchParams.get("theme")), Date.now(), null), pageHeaders);
  }
  if (pathname === "/embed/controls.svg") return answer(controlsBadge([]), badgeHeaders);
  return pathname === "/embed/controls.js" ? answer(elementScript, scriptHeaders) : null;
}
