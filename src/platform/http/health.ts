/** Liveness: whether the Worker runs. It asks nobody else, so it says nothing about what the service depends on. */
import { z } from "@hono/zod-openapi";
import { version } from "../version.ts";
import { createRouter } from "./app.ts";
import { json, route } from "./route.ts";

const health = route({
  method: "get",
  path: "/health",
  access: "public",
  tags: ["Service"],
  operationId: "readHealth",
  summary: "Tell whether the service runs",
  responses: {
    200: json(z.object({ status: z.literal("ok"), version: z.string() }).openapi("Health"), "It runs"),
  },
});

export const healthRoutes = createRouter();

healthRoutes.openapi(health, (c) => c.json({ status: "ok" as const, version }, 200));
