import { createMiddleware } from "hono/factory";
import { createBaseRouter } from "../platform/http/router.ts";
import type { AppEnv, Authenticators } from "./app-env.ts";

/** A router for one room. */
export const createRouter = createBaseRouter<AppEnv>;

/** Middleware: gives the guards of the routes after it the functions that authenticate. */
export const authenticatedBy = (authenticators: Authenticators) =>
  createMiddleware<AppEnv>((c, next) => {
    c.set("authenticators", authenticators);
    return next();
  });
