/** Measures every request: its route, method, status and duration, and the organization that it counts for. */
import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import { type NoteCalls, noteCall } from "../../telemetry/calls.ts";
import { methods } from "../../telemetry/catalogue.ts";
import { pushSoon } from "../../telemetry/push.ts";
import { count, observe } from "../../telemetry/recording.ts";
import { portalPaths } from "../../web/portal-paths.ts";
import type { BaseContext, BaseEnv } from "../app-env.ts";
import { isConsoleCall } from "../console.ts";
import { clientOf } from "./clients.ts";

const templates = new Map<string, string>();

/** `/agents/:agentId{[^/]+}` → `/agents/{agentId}`, as in the API reference. All pages of the portal are one. */
function templateOf(path: string): string {
  const known = templates.get(path);
  if (known !== undefined) return known;
  const template = portalPaths.has(path) ? "/{page}" : path.replace(/:(\w+)(\{[^}]*\})?\??/g, "{$1}");
  templates.set(path, template);
  return template;
}

/**
 * The template of the route that answers; `unmatched` when only middleware matched. It never contains a part of the path. A path can
 * fit several: `/agents/summary` fits `/agents/{agentId}` too, and the first answers.
 */
function routeOf(c: BaseContext): string {
  const handler = matchedRoutes(c).find(({ method }) => method !== "ALL");
  return handler ? templateOf(handler.path) : "unmatched";
}

/**
 * Counts each answered request, and the calls of each organization. On Workers the clock advances only during I/O, so a
 * duration is the time that a request waited.
 *
 * @param noteCalls sends its calls to an organization's ledger
 */
export const measured = (noteCalls: NoteCalls) =>
  createMiddleware<BaseEnv>(async (c, next) => {
    const startedMs = performance.now();
    await next();
    const route = routeOf(c);
    const method = methods.find((one) => one === c.req.method) ?? "other";
    count("agentidp_http_requests_total", { method, route, status: String(c.res.status) });
    observe("agentidp_http_request_duration_seconds", { route }, (performance.now() - startedMs) / 1000);
    // A browser's own name cannot be chosen by the console.
    const client = isConsoleCall(c.req.raw) ? "console" : clientOf(c.req.header("User-Agent") ?? "");
    count("agentidp_client_requests_total", { client });
    const organizationId = c.get("callOf");
    if (organizationId) noteCall(organizationId, route, c.res.status);
    pushSoon({ env: c.env, requestId: c.get("requestId") }, (work) => c.executionCtx.waitUntil(work), noteCalls);
  });
