/**
 * One request to the service. The cookie of the session goes along by itself; what the browser must add to a change is the CSRF
 * token, which is kept here, in memory only.
 */
import { type ApiProblem, noAnswer, problemOf } from "./problem.ts";

const origin = "/console";

let csrfToken: string | null = null;

/** What else happens when the service refuses a call. */
export interface Refusals {
  /** No session is alive. */
  readonly unauthorized: (problem: ApiProblem) => void;
  /** The CSRF token is not the one of the session. Answers whether there is a new one with which the call may be sent again. */
  readonly csrfToken: () => Promise<boolean>;
}

let refusals: Refusals = { unauthorized: () => undefined, csrfToken: async () => false };

/** Sets the CSRF token of the present session. */
export function keepCsrfToken(token: string | null): void {
  csrfToken = token;
}

export function whenRefused(react: Refusals): void {
  refusals = react;
}

export interface Request {
  readonly method: string;
  /** Below `/console`, with its query: `/api/v1/agents?limit=20` */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Begins, reads or ends the session: its caller knows what a refusal means. */
  readonly isOfSession?: boolean;
}

async function answerTo({ method, path, body, headers, signal }: Request): Promise<Response> {
  const all = new Headers(headers);
  if (body !== undefined) all.set("Content-Type", "application/json");
  if (method !== "GET" && csrfToken !== null) all.set("X-CSRF-Token", csrfToken);
  try {
    return await fetch(`${origin}${path}`, {
      method,
      headers: all,
      credentials: "same-origin",
      // Neither the browser's cache nor a redirect to another place may answer.
      cache: "no-store",
      redirect: "error",
      signal: signal ?? null,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw noAnswer();
  }
}

const lacksCsrfToken = ({ status, details }: ApiProblem) => status === 403 && details.requiredHeader === "X-CSRF-Token";

/** Sends a request. @throws {ApiProblem} for every answer that is not 2xx, and for none */
export async function send(request: Request): Promise<Response> {
  const response = await answerTo(request);
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (request.isOfSession) throw problem;
  if (problem.status === 401) refusals.unauthorized(problem);
  if (lacksCsrfToken(problem) && (await refusals.csrfToken())) return send({ ...request, isOfSession: true });
  throw problem;
}
