/** Liveness: whether the Worker runs. It asks nobody else, so it says nothing about what the service depends on. */
import { z } from "@hono/zod-openapi";
import { version } from "../version.ts";
import { json, publicRoute } from "./route.ts";
import { createBaseRouter } from "./router.ts";

const health = publicRoute({
  method: "get",
  path: "/health",
  tags: ["Service"],
  operationId: "readHealth",
  summary: "Tell whether the service runs",
  responses: {
    200: json(z.object({ status: z.literal("ok"), version: z.string() }).openapi("Health"), "It runs"),
  },
});

export const healthRoutes = createBaseRouter();

healthRoutes.openapi(health, (c) => c.json({ status: "ok" as const, version }, 200));
