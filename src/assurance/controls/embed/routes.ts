/** The controls for embedding in other pages. Without cookies. */
import { createRouter } from "../../../access/router.ts";
import { readControls } from "../service.ts";
import { controlsBadge } from "./badge.ts";
import { controlsPage, pagePolicy } from "./page.ts";
import { elementScript } from "./script.ts";

/** At the root. */
export const embedRoutes = createRouter();

/** So that pages with a `Cross-Origin-Embedder-Policy` can load it. */
const forAnyPage = { "Cross-Origin-Resource-Policy": "cross-origin" };
const forAMinute = { ...forAnyPage, "Cache-Control": "public, max-age=60" };

embedRoutes.get("/embed/controls", async (c) => {
  const context = c.get("context");
  const { controls } = await readControls(context);
  const requested = c.req.query("theme");
  const theme = requested === "light" || requested === "dark" ? requested : null;
  return c.body(controlsPage(controls, theme, context.now()), 200, {
    ...forAMinute,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": pagePolicy,
    "Cross-Origin-Embedder-Policy": "require-corp",
  });
});

embedRoutes.get("/embed/controls.svg", async (c) => {
  const { controls } = await readControls(c.get("context"));
  return c.body(controlsBadge(controls), 200, { ...forAMinute, "Content-Type": "image/svg+xml; charset=utf-8" });
});

embedRoutes.get("/embed/controls.js", (c) =>
  c.body(elementScript, 200, {
    ...forAnyPage,
    "Content-Type": "text/javascript; charset=utf-8",
    // While the service is down, a page can use a cached script for a day and show that state.
    "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=86400",
  }),
);
