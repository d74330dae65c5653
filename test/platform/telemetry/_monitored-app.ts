/** An app on the real foundation with the routes of monitoring and a room of one path, over bindings that a test can break. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Authenticate } from "../../../src/access/app-env.ts";
import { authenticatedBy } from "../../../src/access/console.ts";
import { route } from "../../../src/access/route.ts";
import { createRouter } from "../../../src/access/router.ts";
import type { Bindings } from "../../../src/platform/env.ts";
import { createFoundation } from "../../../src/platform/http/foundation.ts";
import { healthRoutes, type Probe } from "../../../src/platform/http/monitoring/health.ts";
import { metricsRoutes } from "../../../src/platform/http/monitoring/metrics.ts";
import { problem } from "../../../src/platform/problems/problems.ts";
import { ok } from "../../../src/platform/problems/result.ts";
import type { NoteCalls } from "../../../src/platform/telemetry/calls.ts";
import { withTimeLimits } from "../../../src/platform/time-limits.ts";
import type { Answer } from "../../support/api.ts";
import { authenticatorsOf, callerOf } from "../_caller.ts";

export const bindings = env as unknown as Bindings;

const authenticate: Authenticate = async (_, request) => {
  const organizationId = request.headers.get("Authorization")?.replace("Bearer ", "");
  if (!organizationId) return problem("UNAUTHORIZED");
  return ok({ caller: callerOf(organizationId, []), headers: {} });
};

const room = createRouter();
const nothing = { 204: { description: "Nothing" } };
room.openapi(
  route({
    method: "get",
    path: "/mine",
    access: "bearer",
    tags: [],
    summary: "See mine",
    sdk: false,
    responses: nothing,
  }),
  (c) => c.body(null, 204),
);

export interface MonitoredApp {
  /** Sends a GET request. `overrides` replace bindings and settings. A bearer token is the id of an organization. */
  send(path: string, overrides?: Partial<Bindings>, headers?: Record<string, string>): Promise<Answer>;
  /** What requests have put off until after their answers. */
  readonly deferred: Promise<unknown>[];
}

/** @param parts what the house would hand in */
export function monitoredApp(
  parts: { readonly noteCalls?: NoteCalls; readonly pingLedger?: Probe } = {},
): MonitoredApp {
  const { noteCalls = async () => undefined, pingLedger = async () => undefined } = parts;
  const app = createFoundation({ relay: async () => undefined, noteCalls, withoutSettings: () => null });
  app.use(authenticatedBy(authenticatorsOf(authenticate)));
  app.route("/", metricsRoutes);
  app.route("/", healthRoutes(pingLedger));
  app.route("/", room);
  const deferred: Promise<unknown>[] = [];
  return {
    deferred,
    async send(path, overrides = {}, headers = {}) {
      const execution = createExecutionContext();
      execution.waitUntil = (work) => void deferred.push(work);
      const request = new Request(`http://localhost:8787${path}`, { headers });
      const response = await app.fetch(request, withTimeLimits({ ...bindings, ...overrides }), execution);
      const text = await response.text();
      const isJson = response.headers.get("Content-Type")?.includes("json") ?? false;
      return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
    },
  };
}
