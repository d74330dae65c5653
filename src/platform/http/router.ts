import { OpenAPIHono } from "@hono/zod-openapi";
import { invalid, issuesOf } from "../problems/problems.ts";
import type { BaseEnv } from "./app-env.ts";
import { fail } from "./respond.ts";

/** A router that answers `VALIDATION_ERROR` to invalid requests. Rooms use the one of `access/router.ts`, which has the caller. */
export function createBaseRouter<E extends BaseEnv = BaseEnv>(): OpenAPIHono<E> {
  return new OpenAPIHono<E>({
    defaultHook: (result, c) => {
      if (result.success) return;
      const input = "data" in result ? result.data : undefined;
      return fail(c, invalid(issuesOf(result.error, input)));
    },
  });
}
