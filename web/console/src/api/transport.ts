/**
 * One request to the service. The cookie of the session goes along by itself; what the browser must add to a change is the CSRF
 * token, which is kept here, in memory only.
 */
import { type ApiProblem, noAnswer, problemOf } from "./problem.ts";

const origin = "/console";

let csrfToken: string | null = null;
let onUnauthorized: () => void = () => undefined;

/** Sets the CSRF token of the present session. */
export function keepCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Sets what happens when the service says that no session is alive. */
export function whenUnauthorized(react: () => void): void {
  onUnauthorized = react;
}

export interface Request {
  readonly method: string;
  /** Below `/console`, with its query: `/api/v1/agents?limit=20` */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** A 401 is an answer that the caller expects, and no end of a session. */
  readonly mayBeUnauthorized?: boolean;
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

/** Sends a request. @throws {ApiProblem} for every answer that is not 2xx, and for none */
export async function send(request: Request): Promise<Response> {
  const response = await answerTo(request);
  if (response.ok) return response;
  const problem: ApiProblem = await problemOf(response);
  if (response.status === 401 && !request.mayBeUnauthorized) onUnauthorized();
  throw problem;
}
