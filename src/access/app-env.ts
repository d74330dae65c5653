/** The Hono environment of the rooms' routes: the base of `platform/http`, and the caller. */
import type { Context as HonoContext } from "hono";
import type { Context } from "../platform/context.ts";
import type { BaseEnv } from "../platform/http/app-env.ts";
import type { OrganizationId } from "../platform/ids.ts";
import type { Result } from "../platform/problems/result.ts";
import type { Caller } from "./caller.ts";

/** Accepts or refuses the bearer token of a request. `app.ts` passes it in, so that this floor knows nothing of tokens. */
export type Authenticate = (
  context: Context,
  request: Request,
  options: { readonly exempt: boolean },
) => Promise<Result<Admitted>>;

/** The header fields of an answer with the rest of the caller's rate limit. */
export type RateHeaders = Readonly<Record<string, string>>;

export interface Admitted {
  readonly caller: Caller;
  readonly headers: RateHeaders;
}

export interface AppEnv extends BaseEnv {
  Variables: BaseEnv["Variables"] & {
    authenticate: Authenticate;
    /** Set before the handler runs on every route whose access is not public. */
    caller: Caller;
  };
}

export type AppContext = HonoContext<AppEnv>;

/** Records that the request counts as an API call of the organization, whatever the status of its answer. */
export function recordCall(c: AppContext, organizationId: OrganizationId, headers: RateHeaders): void {
  c.set("callOf", organizationId);
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
}
