/** The one error type of the library. */
import type { ErrorCode } from "./generated/codes.ts";

/**
 * What kind of failure it is:
 *
 * - `Config`: before anything was sent
 * - `Http`: there was no answer (no connection, time-out, TLS, cancelled)
 * - `Auth`: 401, and refusals of the token endpoint
 * - `NotFound`: 404 and 410
 * - `RateLimited`: 429, `retryAfter` has the seconds
 * - `Delegation`: a delegation is not valid, or may not be made
 * - `Serde`: an answer that is not what the API's document says
 * - `Api`: every other refusal
 */
export type ErrorKind = "Http" | "Auth" | "NotFound" | "RateLimited" | "Delegation" | "Config" | "Serde" | "Api";

/** A field that broke its rule. */
export interface Issue {
  readonly path: string;
  readonly message: string;
  readonly received?: unknown;
}

/** What an error says beside its kind and message. */
export interface ErrorFacts {
  /** One of `ErrorCode` for answers of the API; a newer service can have others. Otherwise a code of this library. */
  readonly code?: ErrorCode | (string & {}) | undefined;
  readonly httpStatus?: number | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly hint?: string | undefined;
  readonly docs?: string | undefined;
  readonly requestId?: string | undefined;
  /** Seconds. */
  readonly retryAfter?: number | undefined;
  /** `error` of OAuth (RFC 6749 5.2, RFC 6750 3.1). */
  readonly oauthError?: string | undefined;
  /** How many requests were sent. */
  readonly attempts?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A failed call.
 *
 * @example
 * ```ts
 * try {
 *   await client.agents.get(agentId);
 * } catch (error) {
 *   if (error instanceof AgentIdPError && error.kind === "NotFound") return null;
 *   throw error;
 * }
 * ```
 */
export class AgentIdPError extends Error {
  override readonly name = "AgentIdPError";
  readonly kind: ErrorKind;
  readonly code: string;
  readonly httpStatus: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly hint: string | undefined;
  readonly docs: string | undefined;
  readonly requestId: string | undefined;
  readonly retryAfter: number | undefined;
  readonly oauthError: string | undefined;
  readonly attempts: number;

  constructor(kind: ErrorKind, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.kind = kind;
    this.code = facts.code ?? "UNKNOWN";
    this.httpStatus = facts.httpStatus;
    this.details = facts.details;
    this.hint = facts.hint;
    this.docs = facts.docs;
    this.requestId = facts.requestId;
    this.retryAfter = facts.retryAfter;
    this.oauthError = facts.oauthError;
    this.attempts = facts.attempts ?? 0;
  }

  /** A limit of the organization's tier is reached; `details` has it. */
  get isQuotaExceeded(): boolean {
    return this.code === "FREE_TIER_LIMIT_EXCEEDED";
  }

  /** The scope that the token lacks. Add it to `scopes` of the client. */
  get requiredScope(): string | undefined {
    const scope = this.details?.requiredScope;
    return typeof scope === "string" ? scope : undefined;
  }

  /** The fields that broke their rules, for `VALIDATION_ERROR`. */
  get issues(): readonly Issue[] {
    const issues = this.details?.issues;
    return Array.isArray(issues) ? issues : [];
  }

  /** The state of the record does not allow it, or it exists already, or it has changed meanwhile. */
  get isConflict(): boolean {
    return this.httpStatus === 409 || this.httpStatus === 412;
  }

  toJSON(): Record<string, unknown> {
    const { name, kind, message, code, httpStatus, details, requestId, retryAfter, oauthError, attempts } = this;
    return { name, kind, message, code, httpStatus, details, requestId, retryAfter, oauthError, attempts };
  }
}

/** Whether the failure ends by itself: a living token is used and a log is read on meanwhile. */
export const isPassing = ({ kind, httpStatus = 0 }: AgentIdPError): boolean =>
  kind === "Http" || kind === "RateLimited" || httpStatus >= 500;

/** An error before anything was sent. */
export const configError = (message: string, code = "CONFIGURATION", cause?: unknown): AgentIdPError =>
  new AgentIdPError("Config", message, { code, cause });

/** The error of a function that the caller gave, such as a signer; its own is the cause. */
export const callbackError = (cause: unknown): AgentIdPError =>
  cause instanceof AgentIdPError
    ? cause
    : configError("A function that gives a token or signs failed.", "CALLBACK_FAILED", cause);

/** @throws {AgentIdPError} `Config` for what is no text, and for an empty one */
export function checkedText(name: string, value: unknown): string {
  if (typeof value !== "string" || value === "") throw configError(`\`${name}\` must be a text.`);
  return value;
}

/** @throws {AgentIdPError} `Config` for a text in place of a list */
export function checkedScopes(scopes: readonly string[] | undefined): readonly string[] | undefined {
  if (scopes !== undefined && !Array.isArray(scopes)) throw configError("Scopes must be a list of texts.");
  return scopes;
}

/** @throws {AgentIdPError} `Config` for what is no number from 0; Infinity is one */
export function checkedNumber(name: string, value: number): number {
  if (typeof value !== "number" || !(value >= 0)) throw configError(`\`${name}\` must be a number from 0.`);
  return value;
}
