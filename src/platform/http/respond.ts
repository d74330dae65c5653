/** Answers with the result of a service function: its value, or its problem in the form of the conventions. */
import type { Context as HonoContext, TypedResponse } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { JSONParsed } from "hono/utils/types";
import { cutText } from "../problems/bounds.ts";
import { type OAuthError, type Problem, type ProblemCode, problemRegistry } from "../problems/problems.ts";
import type { Result } from "../problems/result.ts";
import { pageHeaders } from "../web/document.ts";
import { canBePage, prefersPage } from "../web/negotiation.ts";
import { problemPage } from "../web/problem-page.ts";
import type { BaseEnv } from "./app-env.ts";

/** A response that fits every declared error of every route. */
export type ProblemResponse = Response & TypedResponse<never, never, never>;

/** Text with the characters that RFC 6749 5.2 and RFC 6750 3 allow in `error_description` and similar parameters. */
export const plain = (text: string) => text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, "?");

const quoted = (text: string) => `"${plain(text)}"`;

/** RFC 6750 3 and RFC 9728 5.1. */
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

/** The paths where OAuth libraries expect `error` (RFC 6749 5.2) in every error. */
const oauthEndpoint = /^\/api\/v1\/(token|oauth2|oidc\/token)(\/|$)/;

/** The default error codes (RFC 6749 4.1.2.1 and 5.2). */
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

/** The page that explains an error code. */
export const pageOfError = (issuer: string, code: ProblemCode): string => `${issuer}/errors#${code}`;

/**
 * Answers with a problem: its status, its headers, and the body `{ code, message, details?, hint, docs, requestId }`. At the OAuth
 * endpoints the body also has `error` and `error_description`. The hint is the problem's own, or the remedy of its code. A browser gets a page
 * with the same facts.
 *
 * @param beside further members of the body
 */
export function fail<E extends BaseEnv>(c: HonoContext<E>, given: Problem, beside: object = {}): ProblemResponse {
  const problem = { ...given, message: cutText(given.message) };
  const { status, remedy } = problemRegistry[problem.code];
  // Without valid settings the request has no context.
  const issuer = c.var.context?.settings.issuer ?? new URL(c.req.url).origin;
  const challenged = status === 401 || problem.details?.requiredScope !== undefined;
  const headers: Record<string, string> = {
    ...(challenged ? { "WWW-Authenticate": bearerChallenge(problem, issuer) } : {}),
    ...(problem.code === "SERVICE_UNAVAILABLE" ? { "Retry-After": "1" } : {}),
    ...(canBePage(c.req.raw) ? { Vary: "Accept" } : {}),
    ...problem.headers,
  };
  if (prefersPage(c.req.raw)) {
    const page = problemPage(problem, c.get("requestId"));
    return c.body(page, status, { ...headers, ...pageHeaders }) as unknown as ProblemResponse;
  }
  const oauthError = oauthErrorOf(problem, c.req.path);
  const body = {
    ...beside,
    ...(oauthError ? { error: oauthError, error_description: plain(problem.message) } : {}),
    code: problem.code,
    message: problem.message,
    ...(problem.details ? { details: problem.details } : {}),
    hint: cutText(problem.hint ?? remedy),
    docs: pageOfError(issuer, problem.code),
    requestId: c.get("requestId"),
  };
  return c.json(body, status, headers) as unknown as ProblemResponse;
}

/** Answers with a result: its value in JSON with this status, an empty body with 204, or its problem. */
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
