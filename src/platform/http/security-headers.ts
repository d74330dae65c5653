/** Headers that tell a browser what it must not do with an answer. */
import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";
import type { BaseEnv } from "./app-env.ts";

const none = ["'none'"];

/**
 * No answer may load anything or be framed. A page that needs more says so in its own `Content-Security-Policy`, which stands
 * (`overwrite: false`); with a policy that has `frame-ancestors`, browsers ignore `X-Frame-Options`.
 */
const common = {
  contentSecurityPolicy: { defaultSrc: none, frameAncestors: none, baseUri: none, formAction: none },
  xFrameOptions: "DENY",
  // Public documents and embeds are there for other origins; everything else is kept from them by CORS.
  crossOriginResourcePolicy: false,
  // Answers to browsers that are gone.
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  overwrite: false,
};

/** `includeSubDomains` is left out: the hosts below the issuer's are not ours to decide for. */
const overHttps = secureHeaders({ ...common, strictTransportSecurity: "max-age=63072000" });
const overHttp = secureHeaders({ ...common, strictTransportSecurity: false });

/**
 * Sets the security headers of every answer. `Strict-Transport-Security` only where the issuer is https. It runs before the
 * settings are parsed, so that the answer to a broken setting has them too.
 */
export const securityHeaders = createMiddleware<BaseEnv>((c, next) =>
  (c.env.ISSUER?.startsWith("https:") ? overHttps : overHttp)(c, next),
);

/** What does not say how long it may be kept is not kept: tokens, credentials, and the records of an organization. */
export const uncachedByDefault = createMiddleware<BaseEnv>(async (c, next) => {
  await next();
  if (!c.res.headers.has("Cache-Control")) c.res.headers.set("Cache-Control", "no-store");
});
