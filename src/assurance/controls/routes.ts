/** The paths of the controls: for programs, and as a page. */
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { notModified, publicDocument } from "../../platform/http/public-document.ts";
import { json } from "../../platform/http/route.ts";
import { filledPage } from "../../platform/web/filled.ts";
import { controlListSchema } from "./schema.ts";
import { readControls } from "./service.ts";
import { controlsTable } from "./status.ts";

/** Relative to `/api/v1`. */
export const controlRoutes = createRouter();

controlRoutes.openapi(
  route({
    method: "get",
    path: "/compliance/controls",
    access: "public",
    tags: ["Compliance"],
    operationId: "listControls",
    summary: "List the controls",
    sdk: { call: "compliance.controls", retry: "read" },
    description:
      "The controls of the service, by the trust services criteria of SOC 2. Each control is measured every minute. A control that was not measured for 15 minutes is `unknown`. Scripts of any origin can read this.",
    responses: { 200: json(controlListSchema, "All controls, always in the same order"), ...notModified },
  }),
  async (c) => publicDocument(c, await readControls(c.get("context")), { maxAgeSeconds: 60 }),
);

/** At the root: the page of the state, as HTML and as Markdown. */
export const statusRoutes = createRouter();

for (const [path, file] of [
  ["/status", "/pages/status.html"],
  ["/status.md", "/pages/status.md"],
] as const) {
  statusRoutes.get(path, async (c) => {
    const { controls } = await readControls(c.get("context"));
    const { settings } = c.get("context");
    return filledPage(c, file, { settings, fills: { controls: controlsTable(controls) }, maxAgeSeconds: 60 });
  });
}
