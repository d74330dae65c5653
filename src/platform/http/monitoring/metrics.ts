/** The metrics page for a Prometheus server. */
import { z } from "@hono/zod-openapi";
import { accepts } from "hono/accepts";
import { exposition, formats } from "../../telemetry/exposition.ts";
import { collectMetrics } from "../../telemetry/push.ts";
import { refuseMonitor } from "../bearer.ts";
import { fail } from "../respond.ts";
import { publicRoute } from "../route.ts";
import { createBaseRouter } from "../router.ts";

const { prometheus, openMetrics } = formats;

const page = {
  schema: z.string(),
  example: "# TYPE agentidp_audit_chain_integrity gauge\nagentidp_audit_chain_integrity 1\n",
};

const readMetrics = publicRoute({
  method: "get",
  path: "/metrics",
  tags: ["Service"],
  operationId: "readMetrics",
  summary: "Read the metrics",
  sdk: { call: "service.metrics", retry: "read" },
  description:
    "For a Prometheus server: the metrics of all instances, about a second old. Requires `METRICS_TOKEN` as a bearer token. While that is not set, this is open in development and 404 elsewhere.",
  responses: {
    200: {
      description: "The metrics, in the Prometheus text format 0.0.4 or, if the client prefers it, in OpenMetrics 1.0",
      content: { [prometheus.mediaType]: page, [openMetrics.mediaType]: page },
    },
  },
  errors: ["UNAUTHORIZED", "NOT_FOUND"],
});

export const metricsRoutes = createBaseRouter();

metricsRoutes.openapi(readMetrics, async (c) => {
  const context = c.get("context");
  const refused = refuseMonitor(context, c.req.header("Authorization"));
  if (refused) return fail(c, refused);
  const preferred = accepts(c, {
    header: "Accept",
    supports: [prometheus.mediaType, openMetrics.mediaType],
    default: prometheus.mediaType,
  });
  const format = preferred === openMetrics.mediaType ? "openMetrics" : "prometheus";
  const text = exposition(await collectMetrics(context), format, context.now());
  return c.body(text, 200, { "Content-Type": formats[format].contentType, Vary: "Accept" });
});
