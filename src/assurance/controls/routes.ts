/** The controls, for everybody. */

import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { notModified, publicDocument } from "../../platform/http/public-document.ts";
import { json } from "../../platform/http/route.ts";
import { controlsSchema } from "./schema.ts";
import { readControls } from "./service.ts";

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
    description:
      "What the service has found out about itself within the last minutes, by the trust services criteria of SOC 2. Each control is measured every minute, not asserted; what was not measured for 15 minutes is `unknown`. Readable by scripts of any origin.",
    responses: { 200: json(controlsSchema, "All controls, always in the same order"), ...notModified },
  }),
  async (c) => publicDocument(c, await readControls(c.get("context")), { maxAgeSeconds: 60 }),
);
