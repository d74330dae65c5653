/** The router of a room, and the middleware that its guards rely on. */
import { createMiddleware } from "hono/factory";
import { createBaseRouter } from "../platform/http/router.ts";
import type { AppEnv, Authenticate } from "./app-env.ts";

/** A router for one room. */
export const createRouter = createBaseRouter<AppEnv>;

/** Gives the guards of all routes behind it the way to accept a bearer token. */
export const authenticatedBy = (authenticate: Authenticate) =>
  createMiddleware<AppEnv>((c, next) => {
    c.set("authenticate", authenticate);
    return next();
  });
