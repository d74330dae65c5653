/** The Hono environment that the rooms' routes share: the base of `platform/http`, and who calls. */
import type { Context as HonoContext } from "hono";
import type { Context } from "../platform/context.ts";
import type { BaseEnv } from "../platform/http/app-env.ts";
import type { OrganizationId } from "../platform/ids.ts";
import type { Result } from "../platform/problems/result.ts";
import type { Caller } from "./caller.ts";

/** Accepts or refuses the bearer token of a request. `worker.ts` hands it in, so that this floor knows nothing of tokens. */
export type Authenticate = (
  context: Context,
  request: Request,
  options: { readonly exempt: boolean },
) => Promise<Result<Admitted>>;

/** The header fields of an answer that say how much of its rate the caller has left. */
export type RateHeaders = Readonly<Record<string, string>>;

/** A caller that was let in. */
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

/** Notes that a request was let in as an organization's API call, whatever it is answered. */
export function letIn(c: AppContext, organizationId: OrganizationId, headers: RateHeaders): void {
  c.set("callOf", organizationId);
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
}
