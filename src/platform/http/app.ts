/** The Hono environment that every room's routes share, and the router that they are written on. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context as HonoContext } from "hono";
import type { Context } from "../context.ts";
import type { Bindings } from "../env.ts";
import type { Result } from "../result.ts";
import type { Caller } from "./caller.ts";
import { invalid, issuesOf } from "./problems.ts";
import { fail } from "./respond.ts";

/** Accepts or refuses the bearer token of a request. Handed in by `app.ts`, so that this floor knows nothing of tokens. */
export type Authenticate = (
  context: Context,
  request: Request,
  options: { readonly exempt: boolean },
) => Promise<Result<Admitted>>;

/** A caller that was let in, and what the answer must tell it of its rate. */
export interface Admitted {
  readonly caller: Caller;
  readonly headers: Readonly<Record<string, string>>;
}

export interface AppEnv {
  Bindings: Bindings;
  Variables: {
    requestId: string;
    context: Context;
    authenticate: Authenticate;
    /** Set before the handler runs on every route whose access is not public. */
    caller: Caller;
  };
}

export type AppContext = HonoContext<AppEnv>;

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
