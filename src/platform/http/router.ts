/** The router that routes are written on. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { invalid, issuesOf } from "../problems/problems.ts";
import type { BaseEnv } from "./app-env.ts";
import { fail } from "./respond.ts";

/**
 * A router. Requests that do not fit their schema are answered with `VALIDATION_ERROR`. A room writes on the one of
 * `access/router.ts`, whose handlers know the caller.
 */
export function createBaseRouter<E extends BaseEnv = BaseEnv>(): OpenAPIHono<E> {
  return new OpenAPIHono<E>({
    defaultHook: (result, c) => {
      if (result.success) return;
      const input = "data" in result ? result.data : undefined;
      return fail(c, invalid(issuesOf(result.error, input)));
    },
  });
}
