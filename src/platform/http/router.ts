import { OpenAPIHono } from "@hono/zod-openapi";
import { getPath } from "hono/utils/url";
import { invalidPart } from "../problems/issues.ts";
import type { BaseEnv } from "./app-env.ts";
import { fail } from "./respond.ts";

/**
 * A router that answers `VALIDATION_ERROR` to invalid requests. Rooms use the one of `access/router.ts`, which has the caller.
 *
 * @param pathOf the path of a request, in a router that is not mounted in another one
 */
export function createBaseRouter<E extends BaseEnv = BaseEnv>(pathOf: (request: Request) => string = getPath) {
  return new OpenAPIHono<E>({
    getPath: pathOf,
    defaultHook: (result, c) => {
      if (!result.success) return fail(c, invalidPart(result));
    },
  });
}
