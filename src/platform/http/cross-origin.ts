/** CORS: scripts of any origin may read public documents; only the origins in `ALLOWED_ORIGINS` may read other answers. */
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import type { BaseEnv } from "./app-env.ts";
import { isConsoleCall } from "./console.ts";

/** What needs no token: keys, discovery, DID documents, agent cards, controls, embeds, the API's document, tiers, marketplace, health. */
const publicDocuments = [
  /^\/\.well-known\//,
  /^\/agents\/[^/]+\/did\.json$/,
  /^\/orgs\/[^/]+\/agents\/[^/]+\/did\.json$/,
  /^\/api\/v1\/agents\/[^/]+\/did(\/card)?$/,
  /^\/api\/v1\/compliance\/controls$/,
  /^\/embed\//,
  /^\/openapi(-3\.0)?\.json$/,
  /^\/api\/v1\/tiers$/,
  /^\/api\/v1\/marketplace\//,
  /^\/health$/,
];

const maxAge = 600;

/** What a script may read beside the safelisted headers (Fetch 2.2.5): all that a client library goes by. `Date` mends its clock. */
const exposeHeaders = [
  "ETag",
  "X-Request-Id",
  "Retry-After",
  "RateLimit",
  "RateLimit-Policy",
  "WWW-Authenticate",
  "Idempotency-Replayed",
  "Date",
  "Content-Disposition",
];

/** What a request for a document may have. Without a list, Hono allows every header, also `Authorization`. */
const readingHeaders = ["Content-Type", "If-Modified-Since", "If-None-Match", "X-Request-Id", "X-Retry-Count"];

const anyOrigin = cors({
  origin: "*",
  allowMethods: ["GET", "HEAD"],
  allowHeaders: readingHeaders,
  exposeHeaders,
  maxAge,
});

const namedOrigins = cors({
  origin: (origin) => origin,
  allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
  allowHeaders: [...readingHeaders, "Authorization", "DPoP", "Idempotency-Key", "If-Match"],
  exposeHeaders,
  maxAge,
});

/**
 * Answers preflight requests, and sets the CORS headers for an allowed origin. It never allows credentials (cookies), which the
 * API does not use. The console, which does, has no CORS. A plain `OPTIONS` is not a preflight (Fetch 4.8) and gets 405.
 */
export const crossOrigin = createMiddleware<BaseEnv>(async (c, next) => {
  // Only the console's own pages call it, also what is public elsewhere.
  if (isConsoleCall(c.req.raw)) return next();
  const { allowedOrigins } = c.get("context").settings;
  const origin = c.req.header("Origin");
  const isOptions = c.req.method === "OPTIONS";
  const isPlainOptions = isOptions && !c.req.header("Access-Control-Request-Method");
  const isNamed = !isPlainOptions && origin !== undefined && allowedOrigins.includes(origin);
  const isPublic = !isPlainOptions && publicDocuments.some((path) => path.test(c.req.path));
  // A cached document is the same for all origins. But a named one may send its token with each request.
  if (isPublic && !(isNamed && isOptions)) return anyOrigin(c, next);
  if (isNamed) return namedOrigins(c, next);
  await next();
  // A cache must not serve the answer without CORS headers to a request from an allowed origin.
  if (allowedOrigins.length > 0) c.header("Vary", "Origin", { append: true });
});
