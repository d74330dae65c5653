/** Options of the client and of its calls. */
import type { Clock } from "./clock.ts";
import type { ProofKey } from "./proof.ts";
import type { TokenStore } from "./token-manager.ts";

/** What each call can change. */
export interface CallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
  /** The whole call with its waits, in milliseconds; 60,000 unless the client says otherwise, `Infinity` for no limit. */
  readonly timeoutMs?: number | undefined;
  /** How often a request is sent again; 2 unless the client says otherwise. */
  readonly maxRetries?: number | undefined;
  /** For calls that create something: the same key makes it once. The library makes one of its own for each call. */
  readonly idempotencyKey?: string | undefined;
  /** More headers. `Authorization` is always the library's. */
  readonly headers?: Headers | Readonly<Record<string, string | undefined>> | undefined;
}

/** The options of a change to a record that has an `etag`. */
export interface ConditionalOptions extends CallOptions {
  /** The `etag` of the record as it was read: a change by another caller since then is an error with `isConflict`. */
  readonly ifMatch?: string | undefined;
}

/** A record with the tag of its version, for `ifMatch`. */
export type Tagged<Model> = Model & { readonly etag?: string };

/** A request, as hooks see it: no secret, no id, no body. */
export interface RequestEvent {
  /** Part and method, such as `agents.get`. */
  readonly call: string;
  readonly method: string;
  /** The path with the names of its parameters. */
  readonly route: string;
  /** From 1. */
  readonly attempt: number;
}

/** The end of a request, as hooks see it. */
export interface ResponseEvent extends RequestEvent {
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
  readonly durationMs: number;
  readonly requestId: string | undefined;
}

/** Options of a client. */
export interface ClientOptions {
  /** The scopes of its tokens. Unset: those that the agent has, but `admin:orgs` and `delegations:write`. */
  readonly scopes?: readonly string[] | undefined;
  /** The API that `accessToken()` gets tokens for. The library's own calls use tokens for the service. */
  readonly resource?: string | undefined;
  /** Binds tokens to a key (RFC 9449). `@sentryagent/idp-sdk/dpop` makes one. */
  readonly dpopKey?: ProofKey | undefined;
  /** The issuer, where it is not the URL of the service. */
  readonly issuer?: string | undefined;
  /** A single request, and the wait for the next bytes of a download, in milliseconds; 30,000. `fetch` has no limit of its own for connecting. */
  readonly attemptTimeoutMs?: number | undefined;
  /** A whole call, in milliseconds; 60,000. */
  readonly timeoutMs?: number | undefined;
  /** How often a request is sent again; 2. */
  readonly maxRetries?: number | undefined;
  /** In place of the runtime's own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** The program that uses the library, for the `User-Agent`. */
  readonly appInfo?: { readonly name: string; readonly version?: string; readonly url?: string } | undefined;
  /** Called before each request. It is not waited for, and its errors are dropped. */
  readonly onRequest?: ((event: RequestEvent) => void) | undefined;
  /** Called after each request, also after one without an answer. It is not waited for, and its errors are dropped. */
  readonly onResponse?: ((event: ResponseEvent) => void) | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
  /** Keeps tokens outside the process. Without it they are only in memory. */
  readonly tokenStore?: TokenStore | undefined;
  /** For tests: an answer with a field that this version does not know is an error. */
  readonly refuseUnknownFields?: boolean | undefined;
}
