/** The app before any room is in it: what happens to every request, in order, and what answers when no route does. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { methodNotAllowed } from "hono/method-not-allowed";
import type { BaseEnv } from "./app-env.ts";
import { boundedBody } from "./body.ts";
import { crossOrigin } from "./cross-origin.ts";
import { notFound, onError, wrongMethod } from "./errors.ts";
import { measured } from "./monitoring/measured.ts";
import { identified, inContext, type Wiring } from "./request-context.ts";
import { createBaseRouter } from "./router.ts";
import { securityHeaders, uncachedByDefault } from "./security-headers.ts";

/**
 * The foundation of the app. Rooms are put on it with `app.route(path, routes)`.
 *
 * @example
 * ```ts
 * const app = createFoundation({ relay, noteCalls });
 * app.route("/api/v1", agentRoutes);
 * ```
 */
export function createFoundation(wiring: Wiring): OpenAPIHono<BaseEnv> {
  const app = createBaseRouter();
  app.use(measured(wiring.noteCalls));
  app.use(identified);
  app.use(securityHeaders);
  app.use(uncachedByDefault);
  app.use(inContext(wiring));
  app.use(crossOrigin);
  app.use(methodNotAllowed({ app, onMethodNotAllowed: wrongMethod }));
  app.use(boundedBody);
  app.notFound(notFound);
  app.onError(onError);
  return app;
}
