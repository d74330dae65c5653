/** The middleware of every request, in order, and the answers when no route matches. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { methodNotAllowed } from "hono/method-not-allowed";
import { serveFixedPages, withoutSlash } from "../web/pages.ts";
import type { BaseEnv } from "./app-env.ts";
import { boundedBody } from "./body.ts";
import { routedPath } from "./console.ts";
import { crossOrigin } from "./cross-origin.ts";
import { notFound, onError, wrongMethod } from "./errors.ts";
import { measured } from "./monitoring/measured.ts";
import { identified, inContext, type Wiring } from "./request-context.ts";
import { createBaseRouter } from "./router.ts";
import { securityHeaders, uncachedByDefault } from "./security-headers.ts";

/** The app without routes. Rooms are added with `app.route(path, routes)`. */
export function createFoundation(wiring: Wiring): OpenAPIHono<BaseEnv> {
  const app = createBaseRouter(routedPath);
  app.use(measured(wiring.noteCalls));
  app.use(identified);
  app.use(securityHeaders);
  app.use(uncachedByDefault);
  serveFixedPages(app);
  app.use(inContext(wiring));
  app.use(crossOrigin);
  app.use(methodNotAllowed({ app, onMethodNotAllowed: wrongMethod }));
  app.use(boundedBody);
  app.notFound((c) => withoutSlash(app, c) ?? notFound(c));
  app.onError(onError);
  return app;
}
