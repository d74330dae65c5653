/** Liveness (`/health`: the Worker runs), and the health of every dependency (`/health/detailed`). */
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "../../context.ts";
import { log } from "../../log.ts";
import { problem } from "../../problems/problems.ts";
import { longestPendingMs, oldestPendingMs } from "../../telemetry/pending-events.ts";
import { late, within } from "../../time.ts";
import { version } from "../../version.ts";
import type { BaseEnv } from "../app-env.ts";
import { refuseMonitor } from "../bearer.ts";
import { component, enumeration } from "../components.ts";
import { textLike } from "../fields.ts";
import { fail } from "../respond.ts";
import { json, publicRoute } from "../route.ts";
import { createBaseRouter } from "../router.ts";

const degradedAfterMs = 1_000;
const unreachableAfterMs = 2_000;

const statuses = ["healthy", "degraded", "unreachable"] as const;
type Status = (typeof statuses)[number];

const statusSchema = enumeration("HealthStatus", statuses);

const checkSchema = component(
  "HealthCheck",
  z.object({
    status: statusSchema,
    latencyMs: z.int(),
    messagesWaiting: z.int().optional().openapi({ description: "The queue only: the number of messages in it" }),
    oldestPendingEventSeconds: z.int().optional().openapi({
      description:
        "The ledger only: the age of the oldest audit event of any organization that its ledger could not move to D1 for over a minute; 0 without one. Absent when the metrics cannot be read",
    }),
  }),
);

const detailedHealthSchema = z
  .object({
    status: statusSchema.openapi({ description: "The worst status of the checks" }),
    version: textLike("1.0.0"),
    checks: z.object({ d1: checkSchema, kv: checkSchema, ledger: checkSchema, queue: checkSchema }),
  })
  .openapi("DetailedHealth");

type Check = z.infer<typeof checkSchema>;
type Checks = z.infer<typeof detailedHealthSchema>["checks"];

/** Makes the cheapest call of a dependency. Rejects when it does not answer. */
export type Probe = (context: Context) => Promise<Pick<Check, "messagesWaiting"> | undefined>;

const probeD1: Probe = async ({ env }) => void (await env.DB.prepare("SELECT 1").run());
const probeKv: Probe = async ({ env }) => void (await env.CACHE.get("health"));
/** The backlog, because a test message would have to be discarded by a consumer. */
const probeQueue: Probe = async ({ env }) => ({ messagesWaiting: (await env.WEBHOOK_QUEUE.metrics()).backlogCount });

async function check(context: Context, dependency: keyof Checks, probe: Probe): Promise<Check> {
  const startedMs = performance.now();
  const latency = () => Math.round(performance.now() - startedMs);
  try {
    const facts = await within(unreachableAfterMs, probe(context));
    const latencyMs = latency();
    if (facts === late) return { status: "unreachable", latencyMs };
    return { status: latencyMs > degradedAfterMs ? "degraded" : "healthy", latencyMs, ...facts };
  } catch (error) {
    // The error goes to the log only: the response must not describe the inside of the service.
    log.warn(context, "a dependency is unreachable", { dependency, error });
    return { status: "unreachable", latencyMs: latency() };
  }
}

/** The check of a ledger, with what all ledgers have reported. */
function withPending(ledger: Check, pendingMs: number | null): Check {
  if (pendingMs === null) return ledger;
  const isStuck = ledger.status === "healthy" && pendingMs > longestPendingMs;
  const oldestPendingEventSeconds = Math.round(pendingMs / 1000);
  return { ...ledger, ...(isStuck ? { status: "degraded" } : {}), oldestPendingEventSeconds };
}

async function checkAll(context: Context, pingLedger: Probe): Promise<{ status: Status; checks: Checks }> {
  const [d1, kv, reached, queue, pendingMs] = await Promise.all([
    check(context, "d1", probeD1),
    check(context, "kv", probeKv),
    check(context, "ledger", pingLedger),
    check(context, "queue", probeQueue),
    within(unreachableAfterMs, oldestPendingMs(context)),
  ]);
  const ledger = withPending(reached, pendingMs === late ? null : pendingMs);
  const found = [d1, kv, ledger, queue].map((one) => one.status);
  return {
    status: statuses.findLast((status) => found.includes(status)) ?? "healthy",
    checks: { d1, kv, ledger, queue },
  };
}

const readHealth = publicRoute({
  method: "get",
  path: "/health",
  tags: ["Service"],
  operationId: "readHealth",
  summary: "Check that the service runs",
  sdk: { call: "service.health", retry: "read" },
  responses: {
    200: json(z.object({ status: z.literal("ok"), version: textLike("1.0.0") }).openapi("Health"), "The service runs"),
  },
});

const readDetailedHealth = publicRoute({
  method: "get",
  path: "/health/detailed",
  tags: ["Service"],
  operationId: "readDetailedHealth",
  summary: "Check the dependencies of the service",
  sdk: { call: "service.detailedHealth", retry: "read" },
  description:
    "Calls D1, KV, a ledger and the queue concurrently. A dependency is degraded when it answers after more than a second, and unreachable when it does not answer within two. The ledger is also degraded while an audit event of any organization cannot be moved to D1 for over ten minutes. Requires `METRICS_TOKEN` as a bearer token. While that is not set, this is open in development and 404 elsewhere. When a dependency is unreachable, the 503 also has the members of the 200.",
  responses: {
    200: json(detailedHealthSchema, "Every dependency is healthy"),
    207: json(detailedHealthSchema, "A dependency is degraded"),
  },
  errors: ["UNAUTHORIZED", "NOT_FOUND"],
});

/** The routes `/health` and `/health/detailed`. `pingLedger` is a parameter, because this floor knows no ledger. */
export function healthRoutes(pingLedger: Probe): OpenAPIHono<BaseEnv> {
  const routes = createBaseRouter();
  routes.openapi(readHealth, (c) => c.json({ status: "ok" as const, version }, 200));
  routes.openapi(readDetailedHealth, async (c) => {
    const context = c.get("context");
    const refused = refuseMonitor(context, c.req.header("Authorization"));
    if (refused) return fail(c, refused);
    const health = { version, ...(await checkAll(context, pingLedger)) };
    if (health.status === "unreachable") {
      const missing = Object.entries(health.checks).filter(([, { status }]) => status === "unreachable");
      const names = missing.map(([name]) => name).join(", ");
      return fail(c, problem("SERVICE_UNAVAILABLE", `Unreachable: ${names}.`), health);
    }
    return c.json(health, health.status === "healthy" ? 200 : 207);
  });
  return routes;
}
