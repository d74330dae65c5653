import { OpenAPIHono } from "@hono/zod-openapi";
import { invalidPart } from "../problems/issues.ts";
import type { BaseEnv } from "./app-env.ts";
import { fail } from "./respond.ts";

/** A router that answers `VALIDATION_ERROR` to invalid requests. Rooms use the one of `access/router.ts`, which has the caller. */
export function createBaseRouter<E extends BaseEnv = BaseEnv>(): OpenAPIHono<E> {
  return new OpenAPIHono<E>({
    defaultHook: (result, c) => {
      if (!result.success) return fail(c, invalidPart(result));
    },
  });
}
