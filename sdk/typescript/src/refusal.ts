/** Answers that are no success, as errors. */
import type { Reply } from "./attempt.ts";
import { AgentIdPError, type ErrorKind } from "./errors.ts";
import { retryAfterSeconds } from "./retry.ts";
import { redactedText } from "./secret.ts";

/** What was called: it decides the kind of some refusals. */
export type Asked = "api" | "token" | "delegation";

interface Problem {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
  readonly hint?: unknown;
  readonly docs?: unknown;
  readonly requestId?: unknown;
  readonly error?: unknown;
  readonly error_description?: unknown;
}

/** Not JSON (a proxy's page, nothing at all): no problem, but still a status. */
function problemOf(text: string): Problem {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function redactedDetails(value: unknown, secrets: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return JSON.parse(redactedText(JSON.stringify(value), secrets));
}

/** A limit of the tier is no refusal of the credentials, and no fault of the delegation. */
const isLimit = ({ code }: Problem) => code === "FREE_TIER_LIMIT_EXCEEDED";

function kindOf(status: number, asked: Asked, problem: Problem): ErrorKind {
  if (status === 429) return "RateLimited";
  if (status >= 500 || isLimit(problem)) return "Api";
  const isRefused = status === 400 || status === 403;
  if (asked === "delegation" && isRefused) return "Delegation";
  if (status === 401 || (asked === "token" && isRefused)) return "Auth";
  return status === 404 || status === 410 ? "NotFound" : "Api";
}

/** The `error` of `WWW-Authenticate` (RFC 6750 3.1, RFC 9449 7.1). */
export const challengeError = (headers: Headers): string | undefined =>
  /\berror="([^"]+)"/.exec(headers.get("www-authenticate") ?? "")?.[1];

/** Refusals of something that is signed with a time in it. */
const timedRefusals: readonly unknown[] = ["invalid_client", "invalid_dpop_proof"];

/** Whether a wrong clock of this machine can be the reason of a refusal. */
export function canComeFromClock({ status, headers, text }: Reply): boolean {
  if (status !== 400 && status !== 401) return false;
  return timedRefusals.includes(challengeError(headers)) || timedRefusals.includes(problemOf(text).error);
}

/** Whether a token was refused. A proxy can drop `WWW-Authenticate`; the service's own code is then left. */
export function isTokenRefused({ status, headers, text }: Reply): boolean {
  if (status !== 401) return false;
  return headers.has("www-authenticate")
    ? challengeError(headers) === "invalid_token"
    : problemOf(text).code === "UNAUTHORIZED";
}

/** The error that an answer stands for. */
export function refusal(
  { status, headers, text, secrets = () => [] }: Reply,
  asked: Asked,
  attempts: number,
  nowMs: number,
): AgentIdPError {
  const problem = problemOf(text);
  const sent = secrets();
  const textOf = (value: unknown) => (typeof value === "string" ? redactedText(value, sent) : undefined);
  const isRedirect = status === 0 || (status >= 300 && status < 400);
  const message =
    textOf(problem.message) ??
    textOf(problem.error_description) ??
    (isRedirect ? "The service answered with a redirect, which is not followed." : `The service answered ${status}.`);
  return new AgentIdPError(kindOf(status, asked, problem), message, {
    code: textOf(problem.code) ?? (isRedirect ? "REDIRECT" : `HTTP_${status}`),
    httpStatus: status,
    details: redactedDetails(problem.details, sent),
    hint: textOf(problem.hint),
    docs: textOf(problem.docs),
    requestId: headers.get("x-request-id") ?? textOf(problem.requestId),
    retryAfter: retryAfterSeconds(headers, nowMs),
    oauthError: textOf(problem.error ?? challengeError(headers)),
    attempts,
  });
}

/** An answer that is not what the document says. The message has its beginning. */
export function unreadable({ status, headers, text, secrets }: Reply, why: string, attempts: number): AgentIdPError {
  return new AgentIdPError("Serde", `The answer is not what the API's document says: ${why}.`, {
    code: "UNREADABLE_ANSWER",
    httpStatus: status,
    details: { body: redactedText(text.slice(0, 65_536), secrets?.()).slice(0, 512) },
    requestId: headers.get("x-request-id") ?? undefined,
    attempts,
  });
}
