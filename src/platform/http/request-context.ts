/** What every request begins with: an id, and the context that rules work with. */
import { createMiddleware } from "hono/factory";
import { requestId } from "hono/request-id";
import { contextOf, type Relay, type Source } from "../context.ts";
import { newId } from "../ids.ts";
import type { NoteCalls } from "../telemetry/calls.ts";
import type { BaseEnv } from "./app-env.ts";

/**
 * Names the request, in `X-Request-Id` of its answer and wherever it is logged. A caller may bring its own id, to find one
 * request in two logs, if it is at most 64 letters, digits, `_`, `-` or `=`: nothing that could break a header or a log line.
 * Any other is replaced by a UUID v7.
 */
export const identified = requestId({ limitLength: 64, generator: () => newId<never>(Date.now()) });

/** Cut to what an audit event may carry. A cut can halve a surrogate pair, which canonical JSON (RFC 8785 3.2.2.2) refuses. */
const truncated = (text: string, length: number) => text.slice(0, length).toWellFormed();

/** Cloudflare sets `CF-Connecting-IP` itself and lets no caller choose it. */
function sourceOf(headers: Headers): Source {
  return {
    ip: truncated(headers.get("CF-Connecting-IP") || "unknown", 64),
    userAgent: truncated(headers.get("User-Agent") ?? "", 256),
  };
}

/** What the house hands to its ground floor. */
export interface Wiring {
  readonly relay: Relay;
  readonly noteCalls: NoteCalls;
}

/** Gives the request its context. With a broken setting no request comes past here: `settingsOf` throws a `SettingsError`. */
export const inContext = ({ relay }: Wiring) =>
  createMiddleware<BaseEnv>(async (c, next) => {
    const request = { requestId: c.get("requestId"), source: sourceOf(c.req.raw.headers) };
    const defer = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
    c.set("context", contextOf(c.env, request, defer, relay));
    return next();
  });
