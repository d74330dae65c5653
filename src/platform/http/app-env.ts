/** The Hono environment of every route. `access/app-env.ts` adds the caller. */
import type { Context as HonoContext } from "hono";
import type { Context } from "../context.ts";
import type { Bindings } from "../env.ts";
import type { OrganizationId } from "../ids.ts";
import type { Preconditions } from "./entity-tags.ts";

export interface BaseEnv {
  Bindings: Bindings;
  Variables: {
    requestId: string;
    context: Context;
    /** The organization that the call counts for; not set for a request that does not count. */
    callOf: OrganizationId;
    /** The preconditions of the request; set on every route with `entityTag`. */
    preconditions: Preconditions;
  };
}

export type BaseContext = HonoContext<BaseEnv>;
