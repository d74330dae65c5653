/** Health in detail: everything that the service depends on, asked at once. `GET /health` says only that the Worker runs. */

import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "../../context.ts";
import { log } from "../../log.ts";
import { problem } from "../../problems/problems.ts";
import { version } from "../../version.ts";
import type { BaseEnv } from "../app-env.ts";
import { fail } from "../respond.ts";
import { json, publicRoute } from "../route.ts";
import { createBaseRouter } from "../router.ts";
import { refuseMonitor } from "./access.ts";

/** An answer that takes longer makes a dependency degraded. */
const degradedAfterMs = 1_000;
/** One that takes longer still is not waited for. */
const limitMs = 2_000;

const statuses = ["healthy", "degraded", "unreachable"] as const;
type Status = (typeof statuses)[number];

const checkSchema = z.object({
  status: z.enum(statuses),
  latencyMs: z.int(),
  messagesWaiting: z.int().optional().openapi({ description: "The queue only: how many messages wait in it" }),
});

const detailedHealthSchema = z
  .object({
    status: z.enum(statuses).openapi({ description: "The worst of the checks" }),
    version: z.string(),
    checks: z.object({ d1: checkSchema, kv: checkSchema, ledger: checkSchema, queue: checkSchema }),
  })
  .openapi("DetailedHealth");

type Check = z.infer<typeof checkSchema>;
type Checks = z.infer<typeof detailedHealthSchema>["checks"];

/** Asks a dependency something that costs it next to nothing. Throws when it does not answer. */
export type Probe = (context: Context) => Promise<Pick<Check, "messagesWaiting"> | undefined>;

const askD1: Probe = async ({ env }) => void (await env.DB.prepare("SELECT 1").run());
const askKv: Probe = async ({ env }) => void (await env.CACHE.get("health"));
/** Asking for the backlog reaches the queue without a message that somebody would have to throw away. */
const askQueue: Probe = async ({ env }) => ({ messagesWaiting: (await env.WEBHOOK_QUEUE.metrics()).backlogCount });

const late: unique symbol = Symbol("late");

/** What the work ends with, or `late`. */
async function inTime<T>(work: Promise<T>): Promise<T | typeof late> {
  const timer = new AbortController();
  const isLate = (): typeof late => late;
  const timeout = scheduler.wait(limitMs, { signal: timer.signal }).then(isLate, isLate);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    timer.abort();
  }
}

async function check(context: Context, dependency: keyof Checks, probe: Probe): Promise<Check> {
  const startedMs = performance.now();
  const latency = () => Math.round(performance.now() - startedMs);
  try {
    const facts = await inTime(probe(context));
    const latencyMs = latency();
    if (facts === late) return { status: "unreachable", latencyMs };
    return { status: latencyMs > degradedAfterMs ? "degraded" : "healthy", latencyMs, ...facts };
  } catch (error) {
    // What went wrong is for the log: the answer tells nothing of the inside.
    log.warn(context, "a dependency is unreachable", { dependency, error });
    return { status: "unreachable", latencyMs: latency() };
  }
}

async function checkAll(context: Context, askLedger: Probe): Promise<{ status: Status; checks: Checks }> {
  const [d1, kv, ledger, queue] = await Promise.all([
    check(context, "d1", askD1),
    check(context, "kv", askKv),
    check(context, "ledger", askLedger),
    check(context, "queue", askQueue),
  ]);
  const found = [d1, kv, ledger, queue].map((one) => one.status);
  return {
    status: statuses.findLast((status) => found.includes(status)) ?? "healthy",
    checks: { d1, kv, ledger, queue },
  };
}

const readDetailedHealth = publicRoute({
  method: "get",
  path: "/health/detailed",
  tags: ["Service"],
  operationId: "readDetailedHealth",
  summary: "Tell how what the service depends on does",
  description:
    "D1, KV, a ledger and the queue are asked at once: healthy, degraded when the answer takes more than a second, unreachable when there is none within two. Needs `METRICS_TOKEN` as a bearer token where that is set. When one is unreachable, the 503 has the same members beside those of the error.",
  responses: {
    200: json(detailedHealthSchema, "All are healthy"),
    207: json(detailedHealthSchema, "One is degraded"),
  },
  errors: ["UNAUTHORIZED"],
});

/**
 * The route of `GET /health/detailed`.
 *
 * @param askLedger reaches a ledger; handed in, so that this floor knows none
 */
export function detailedHealthRoutes(askLedger: Probe): OpenAPIHono<BaseEnv> {
  const routes = createBaseRouter();
  routes.openapi(readDetailedHealth, async (c) => {
    const context = c.get("context");
    const refused = refuseMonitor(context, c.req.header("Authorization"));
    if (refused) return fail(c, refused);
    const health = { version, ...(await checkAll(context, askLedger)) };
    if (health.status === "unreachable") {
      const missing = Object.entries(health.checks).filter(([, { status }]) => status === "unreachable");
      const names = missing.map(([name]) => name).join(", ");
      return fail(c, problem("SERVICE_UNAVAILABLE", `Unreachable: ${names}.`), health);
    }
    return c.json(health, health.status === "healthy" ? 200 : 207);
  });
  return routes;
}
