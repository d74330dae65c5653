/** The Hono app: the foundation, and the routes of every wing. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Authenticators } from "./access/app-env.ts";
import { authenticatedBy } from "./access/console.ts";
import { platformScopeMeanings } from "./access/scopes.ts";
import type { BaseEnv } from "./platform/http/app-env.ts";
import { createFoundation } from "./platform/http/foundation.ts";
import { healthRoutes, type Probe } from "./platform/http/monitoring/health.ts";
import { metricsRoutes } from "./platform/http/monitoring/metrics.ts";
import { serveOpenApi, type Tag } from "./platform/http/openapi.ts";
import type { Wiring } from "./platform/http/request-context.ts";
import { servePages } from "./platform/web/pages.ts";
import type { Wing } from "./wing.ts";

const serviceTag: Tag = { position: 180, name: "Service", description: "The service itself." };

interface AppWiring extends Wiring {
  readonly authenticators: Readonly<Record<"api" | "console", Authenticators>>;
  readonly pingLedger: Probe;
}

/** Creates the app. `wiring` has the functions of higher floors that the lower floors call. */
export function createApp(wings: readonly Wing[], wiring: AppWiring): OpenAPIHono<BaseEnv> {
  const app = createFoundation(wiring);
  app.use(authenticatedBy(wiring.authenticators));

  app.route("/", healthRoutes(wiring.pingLedger));
  app.route("/", metricsRoutes);
  for (const path of ["/", "/api/v1"] as const) {
    for (const { routes } of wings) for (const router of routes[path]) app.route(path, router);
  }

  for (const { describe } of wings) describe?.(app);
  serveOpenApi(app, { tags: [...wings.flatMap(({ tags }) => tags), serviceTag], scopes: platformScopeMeanings });
  servePages(app);
  return app;
}
