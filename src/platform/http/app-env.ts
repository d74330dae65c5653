/** The Hono environment of every route, and nothing of who calls. `access/app-env.ts` adds the caller. */
import type { Context as HonoContext } from "hono";
import type { Context } from "../context.ts";
import type { Bindings } from "../env.ts";
import type { OrganizationId } from "../ids.ts";

export interface BaseEnv {
  Bindings: Bindings;
  Variables: {
    requestId: string;
    context: Context;
    /** Whose API call the request was counted as; not set for what counts as none. */
    callOf: OrganizationId;
  };
}

export type BaseContext = HonoContext<BaseEnv>;
