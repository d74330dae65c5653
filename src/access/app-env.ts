/** The Hono environment of the rooms' routes: the base of `platform/http`, and the caller. */
import type { Context as HonoContext } from "hono";
import type { Context } from "../platform/context.ts";
import type { KeyedHash } from "../platform/crypto/keyed-hash.ts";
import type { BaseEnv } from "../platform/http/app-env.ts";
import type { AgentId, CredentialId, OrganizationId } from "../platform/ids.ts";
import type { Result } from "../platform/problems/result.ts";
import type { Caller } from "./caller.ts";
import type { NamedRequest } from "./idempotency/service.ts";

/** A client that has proved that it has a client secret. */
export interface SecretHolder extends Pick<Caller, "agentId" | "organizationId" | "credentialId"> {
  /** The HMAC of the presented secret under each hash key of the Worker. */
  readonly hashes: readonly KeyedHash[];
  /** The id of the one claim whose answer a replaced secret may get again; null for the newest secret. */
  readonly repeats: string | null;
}

/** The functions that authenticate. `app.ts` passes them in, so that this floor knows nothing of tokens. */
export interface Authenticators {
  readonly bearer: Authenticate;
  /** Whether a request has something to authenticate with, right or wrong. */
  readonly isPresented: (request: Request) => boolean;
  readonly newestSecret: AuthenticateNewestSecret;
}

/**
 * Authenticates a client by `Authorization: Basic` with the newest secret of one credential. Every refusal reads the same and
 * counts as a failed sign-in, also where the credential or the agent that the path names is not the client's.
 *
 * @param request which request with an `Idempotency-Key`: the secret that it has replaced is accepted too, see `findRepetition`
 */
export type AuthenticateNewestSecret = (
  context: Context,
  authorization: string | undefined,
  named: { readonly agentId: AgentId; readonly credentialId: CredentialId },
  request: NamedRequest | null,
) => Promise<Result<{ readonly holder: SecretHolder; readonly headers: RateHeaders }>>;

/** Accepts or refuses the bearer token of a request, or its session. */
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
    authenticators: Authenticators;
    /** Set before the handler runs on every route whose access is not public, unless `client` is set. */
    caller: Caller;
    /** Set where a client has authenticated with its secret on a route for access tokens (`ownSecret` in `route.ts`). */
    client: SecretHolder | undefined;
  };
}

export type AppContext = HonoContext<AppEnv>;

/** Records that the request counts as an API call of the organization, whatever the status of its answer. */
export function recordCall(c: AppContext, organizationId: OrganizationId, headers: RateHeaders): void {
  c.set("callOf", organizationId);
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
}
