/** The policy of the pages that `web/` builds. */

/**
 * Of portal and console: scripts and styles of this origin alone, none of them in the page, and no text becomes a script
 * (Trusted Types).
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");
