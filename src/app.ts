/** The HTTP side of the service: the foundation, and on it the routes of every wing. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Authenticate } from "./access/app-env.ts";
import { authenticatedBy } from "./access/router.ts";
import { platformScopeMeanings } from "./access/scopes.ts";
import type { BaseEnv } from "./platform/http/app-env.ts";
import { serveDocs } from "./platform/http/docs.ts";
import { createFoundation } from "./platform/http/foundation.ts";
import { healthRoutes } from "./platform/http/health.ts";
import { detailedHealthRoutes, type Probe } from "./platform/http/monitoring/health.ts";
import { metricsRoutes } from "./platform/http/monitoring/metrics.ts";
import { serveOpenApi, type Tag } from "./platform/http/openapi.ts";
import type { Wiring } from "./platform/http/request-context.ts";
import type { Wing } from "./wing.ts";

const serviceTag: Tag = { position: 180, name: "Service", description: "The service itself." };

interface AppWiring extends Wiring {
  readonly authenticate: Authenticate;
  readonly askLedger: Probe;
}

/**
 * Puts the app together. `foundation.ts` has what happens to every request before it comes to a room.
 *
 * @param wiring how a bearer token is accepted, who is told of events and of calls, and how a ledger is pinged
 */
export function createApp(wings: readonly Wing[], wiring: AppWiring): OpenAPIHono<BaseEnv> {
  const app = createFoundation(wiring);
  app.use(authenticatedBy(wiring.authenticate));

  app.route("/", healthRoutes);
  app.route("/", detailedHealthRoutes(wiring.askLedger));
  app.route("/", metricsRoutes);
  for (const path of ["/", "/api/v1"] as const) {
    for (const { routes } of wings) for (const router of routes[path]) app.route(path, router);
  }

  serveOpenApi(app, { tags: [...wings.flatMap(({ tags }) => tags), serviceTag], scopes: platformScopeMeanings });
  serveDocs(app);
  return app;
}
