/** Security headers for browsers, and the default of `Cache-Control`. */
import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";
import type { BaseEnv } from "./app-env.ts";

const none = ["'none'"];

/**
 * No answer may load resources or be framed. A page with its own `Content-Security-Policy` keeps it (`overwrite: false`). With
 * `frame-ancestors` in a policy, browsers ignore `X-Frame-Options`.
 */
const common = {
  contentSecurityPolicy: { defaultSrc: none, frameAncestors: none, baseUri: none, formAction: none },
  xFrameOptions: "DENY",
  // Other origins may read public documents and embeds; CORS protects everything else.
  crossOriginResourcePolicy: false,
  // For old browsers only.
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  overwrite: false,
};

/** Without `includeSubDomains`: the hosts below the issuer's are not ours. */
const overHttps = secureHeaders({ ...common, strictTransportSecurity: "max-age=63072000" });
const overHttp = secureHeaders({ ...common, strictTransportSecurity: false });

/**
 * Sets the security headers; `Strict-Transport-Security` only for an https issuer. Runs before the settings are parsed, so that
 * the answer to an invalid setting has the headers too.
 */
export const securityHeaders = createMiddleware<BaseEnv>((c, next) =>
  (c.env.ISSUER?.startsWith("https:") ? overHttps : overHttp)(c, next),
);

/** Answers without `Cache-Control` must not be stored: they hold tokens, credentials, and the records of an organization. */
export const uncachedByDefault = createMiddleware<BaseEnv>(async (c, next) => {
  await next();
  if (!c.res.headers.has("Cache-Control")) c.res.headers.set("Cache-Control", "no-store");
});
