/** Turns a problem into the answer that the conventions promise. */
import type { Context as HonoContext, TypedResponse } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { JSONParsed } from "hono/utils/types";
import { type OAuthError, type Problem, problemRegistry } from "../problems/problems.ts";
import type { Result } from "../problems/result.ts";
import type { BaseEnv } from "./app-env.ts";

/** A response that fits every declared error of every route; the body is always the problem object. */
export type ProblemResponse = Response & TypedResponse<never, never, never>;

/** The characters that RFC 6749 5.2 and RFC 6750 3 allow in `error_description` and its like. */
function plain(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, "?");
}

const quoted = (text: string) => `"${plain(text)}"`;

/** RFC 6750 3 and RFC 9728 5.1: what a client should do to be let in. */
function bearerChallenge(problem: Problem, issuer: string): string {
  const scope = problem.details?.requiredScope;
  const parameters = [
    ...(problem.oauthError
      ? [`error=${quoted(problem.oauthError)}`, `error_description=${quoted(problem.message)}`]
      : []),
    ...(typeof scope === "string" ? [`scope=${quoted(scope)}`] : []),
    `resource_metadata=${quoted(`${issuer}/.well-known/oauth-protected-resource`)}`,
  ];
  return `Bearer ${parameters.join(", ")}`;
}

/** The paths where OAuth libraries look for `error` (RFC 6749 5.2), whatever went wrong. */
const oauthEndpoint = /^\/api\/v1\/(token|oauth2|oidc\/token)(\/|$)/;

/** What a problem is to an OAuth library where the rule that found it did not say; the codes are those of RFC 6749 4.1.2.1 and 5.2. */
const oauthErrorOfStatus: Readonly<Partial<Record<number, OAuthError>>> = {
  401: "invalid_client",
  403: "access_denied",
  429: "temporarily_unavailable",
  500: "server_error",
  503: "temporarily_unavailable",
};

function oauthErrorOf(problem: Problem, path: string): OAuthError | undefined {
  if (problem.oauthError) return problem.oauthError;
  return oauthEndpoint.test(path)
    ? (oauthErrorOfStatus[problemRegistry[problem.code].status] ?? "invalid_request")
    : undefined;
}

/**
 * Answers with a problem: its status, its body `{ code, message, details?, requestId }`, and the headers that belong to it.
 * At the OAuth endpoints the body also has `error` and `error_description`, from whichever part of the house the problem comes.
 *
 * @param beside members that a standard wants in the body of this answer
 *
 * @example
 * ```ts
 * if (refused) return fail(c, refused);
 * ```
 */
export function fail<E extends BaseEnv>(c: HonoContext<E>, problem: Problem, beside: object = {}): ProblemResponse {
  const { status } = problemRegistry[problem.code];
  const challenged = status === 401 || problem.details?.requiredScope !== undefined;
  const headers: Record<string, string> = {
    ...(challenged ? { "WWW-Authenticate": bearerChallenge(problem, c.get("context").settings.issuer) } : {}),
    ...(problem.code === "SERVICE_UNAVAILABLE" ? { "Retry-After": "1" } : {}),
    ...problem.headers,
  };
  const oauthError = oauthErrorOf(problem, c.req.path);
  const body = {
    ...beside,
    ...(oauthError ? { error: oauthError, error_description: plain(problem.message) } : {}),
    code: problem.code,
    message: problem.message,
    ...(problem.details ? { details: problem.details } : {}),
    ...(problem.hint ? { hint: problem.hint } : {}),
    requestId: c.get("requestId"),
  };
  return c.json(body, status, headers) as unknown as ProblemResponse;
}

/**
 * Answers with what a rule returned: its value in JSON with this status, nothing with 204, or its problem.
 *
 * @example
 * ```ts
 * return answer(c, await readAgent(context, caller, agentId), 200);
 * ```
 */
export function answer<E extends BaseEnv>(
  c: HonoContext<E>,
  result: Result<unknown>,
  status: 204,
): (Response & TypedResponse<null, 204, "body">) | ProblemResponse;
export function answer<E extends BaseEnv, Value extends object, Status extends ContentfulStatusCode>(
  c: HonoContext<E>,
  result: Result<Value>,
  status: Status,
  headers?: Readonly<Record<string, string>>,
): (Response & TypedResponse<JSONParsed<Value>, Status, "json">) | ProblemResponse;
export function answer<E extends BaseEnv>(
  c: HonoContext<E>,
  result: Result<unknown>,
  status: ContentfulStatusCode | 204,
  headers?: Record<string, string>,
): Response {
  if (!result.ok) return fail(c, result);
  return status === 204 ? c.body(null, status) : c.json(result.value as object, status, headers);
}
