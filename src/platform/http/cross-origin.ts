/** CORS: scripts of any origin may read public documents; only the origins in `ALLOWED_ORIGINS` may read other answers. */
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import type { BaseEnv } from "./app-env.ts";

/** Keys, discovery documents, DID documents, agent cards, the controls, embeds, and the OpenAPI document. */
const publicDocuments = [
  /^\/\.well-known\//,
  /^\/agents\/[^/]+\/did\.json$/,
  /^\/orgs\/[^/]+\/agents\/[^/]+\/did\.json$/,
  /^\/api\/v1\/agents\/[^/]+\/did(\/card)?$/,
  /^\/api\/v1\/compliance\/controls$/,
  /^\/embed\//,
  /^\/openapi(-3\.0)?\.json$/,
];

const maxAge = 600;
const exposeHeaders = ["ETag", "X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy", "WWW-Authenticate"];

const anyOrigin = cors({ origin: "*", allowMethods: ["GET", "HEAD"], exposeHeaders, maxAge });

const namedOrigins = cors({
  origin: (origin) => origin,
  allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
  allowHeaders: ["Authorization", "Content-Type", "DPoP", "If-Match", "If-None-Match", "X-Request-Id"],
  exposeHeaders,
  maxAge,
});

/**
 * Answers preflight requests, and sets the CORS headers for an allowed origin. It never allows credentials (cookies), which the
 * API does not use. A plain `OPTIONS` is not a preflight (Fetch 4.8) and gets 405.
 */
export const crossOrigin = createMiddleware<BaseEnv>(async (c, next) => {
  const { allowedOrigins } = c.get("context").settings;
  const origin = c.req.header("Origin");
  const isPlainOptions = c.req.method === "OPTIONS" && !c.req.header("Access-Control-Request-Method");
  if (!isPlainOptions && publicDocuments.some((path) => path.test(c.req.path))) return anyOrigin(c, next);
  if (!isPlainOptions && origin !== undefined && allowedOrigins.includes(origin)) return namedOrigins(c, next);
  await next();
  // A cache must not serve the answer without CORS headers to a request from an allowed origin.
  if (allowedOrigins.length > 0) c.header("Vary", "Origin", { append: true });
});
