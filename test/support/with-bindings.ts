/** Requests to the Worker with other bindings: another setting, or a dependency that fails. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Bindings } from "../../src/platform/env.ts";
import worker from "../../src/worker.ts";
import { type Answer, issuer } from "./api.ts";

/** Sends a request; `overrides` replace bindings. */
export async function requestWith(
  overrides: Partial<Bindings>,
  path: string,
  init: RequestInit<RequestInitCfProperties> = {},
): Promise<Answer> {
  const origin = (overrides as { ISSUER?: string }).ISSUER ?? issuer;
  const request = new Request<unknown, IncomingRequestCfProperties>(
    `${origin}${path}`,
    init as RequestInit<IncomingRequestCfProperties>,
  );
  const execution = createExecutionContext();
  const response = await worker.fetch(request, { ...(env as unknown as Bindings), ...overrides }, execution);
  const text = await response.text();
  await waitOnExecutionContext(execution);
  const isJson = response.headers.get("Content-Type")?.includes("json") ?? false;
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

/** Sends a GET; `overrides` replace bindings. */
export function getWith(overrides: Partial<Bindings>, path: string, token?: string): Promise<Answer> {
  return requestWith(overrides, path, { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } });
}
