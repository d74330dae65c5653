import { createMiddleware } from "hono/factory";
import { createBaseRouter } from "../platform/http/router.ts";
import type { AppEnv, Authenticate } from "./app-env.ts";

/** A router for one room. */
export const createRouter = createBaseRouter<AppEnv>;

/** Middleware: gives the guards of the routes after it the function that verifies a bearer token. */
export const authenticatedBy = (authenticate: Authenticate) =>
  createMiddleware<AppEnv>((c, next) => {
    c.set("authenticate", authenticate);
    return next();
  });
