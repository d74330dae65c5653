/** The id and the context of a request. */
import { createMiddleware } from "hono/factory";
import { requestId } from "hono/request-id";
import { contextOf, type Relay, type Source } from "../context.ts";
import { SettingsError } from "../env.ts";
import { newId } from "../ids.ts";
import type { NoteCalls } from "../telemetry/calls.ts";
import type { BaseEnv } from "./app-env.ts";

/**
 * Sets the id of the request, for `X-Request-Id` and the log. A caller may send its own id: at most 64 letters, digits, `_`, `-`
 * or `=`, so that it cannot break a header or forge a log line. Any other id is replaced by a UUID v7.
 */
export const identified = requestId({ limitLength: 64, generator: () => newId<never>(Date.now()) });

/** Cut to what an audit event may hold. A cut can leave a lone surrogate, which canonical JSON (RFC 8785 3.2.2.2) refuses. */
const truncated = (text: string, length: number) => text.slice(0, length).toWellFormed();

/** Cloudflare sets `CF-Connecting-IP`; a caller cannot choose it. */
function sourceOf(headers: Headers): Source {
  return {
    ip: truncated(headers.get("CF-Connecting-IP") || "unknown", 64),
    userAgent: truncated(headers.get("User-Agent") ?? "", 256),
  };
}

/** Functions of higher floors that this floor calls. */
export interface Wiring {
  readonly relay: Relay;
  readonly noteCalls: NoteCalls;
  /** The answer of a path that has one while a setting is broken; null for every other path. */
  readonly withoutSettings: (request: Request) => Response | null;
}

/** Sets the context of the request. With an invalid setting, `settingsOf` throws a `SettingsError` here. */
export const inContext = ({ relay, withoutSettings }: Wiring) =>
  createMiddleware<BaseEnv>(async (c, next) => {
    const request = { requestId: c.get("requestId"), source: sourceOf(c.req.raw.headers) };
    const defer = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
    try {
      c.set("context", contextOf(c.env, request, defer, relay));
    } catch (error) {
      const answer = error instanceof SettingsError ? withoutSettings(c.req.raw) : null;
      if (answer) return answer;
      throw error;
    }
    return next();
  });
