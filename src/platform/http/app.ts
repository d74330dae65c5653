/** The Hono environment that every room's routes share, and the router that they are written on. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context as HonoContext } from "hono";
import type { Caller } from "../../access/caller.ts";
import type { Context } from "../context.ts";
import type { Bindings } from "../env.ts";
import type { OrganizationId } from "../ids.ts";
import { invalid, issuesOf } from "../problems/problems.ts";
import type { Result } from "../problems/result.ts";
import { fail } from "./respond.ts";

/** Accepts or refuses the bearer token of a request. Handed in by `app.ts`, so that this floor knows nothing of tokens. */
export type Authenticate = (
  context: Context,
  request: Request,
  options: { readonly exempt: boolean },
) => Promise<Result<Admitted>>;

/** What an answer tells a caller that was let in of its rate. */
export type RateHeaders = Readonly<Record<string, string>>;

/** A caller that was let in. */
export interface Admitted {
  readonly caller: Caller;
  readonly headers: RateHeaders;
}

export interface AppEnv {
  Bindings: Bindings;
  Variables: {
    requestId: string;
    context: Context;
    authenticate: Authenticate;
    /** Set before the handler runs on every route whose access is not public. */
    caller: Caller;
    /** Whose API call the request was counted as; not set for what counts as none. */
    callOf: OrganizationId;
  };
}

export type AppContext = HonoContext<AppEnv>;

/** Notes that a request was let in as an organization's API call, whatever it is answered. */
export function letIn(c: AppContext, organizationId: OrganizationId, headers: RateHeaders): void {
  c.set("callOf", organizationId);
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
}

/** A router for one room. Requests that do not fit their schema are answered with `VALIDATION_ERROR`. */
export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result, c) => {
      if (result.success) return;
      const input = "data" in result ? result.data : undefined;
      return fail(c, invalid(issuesOf(result.error, input)));
    },
  });
}
