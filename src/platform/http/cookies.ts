/** A cookie of this very host, for a secret that no script may read and no page of another site may send. */
import { parse, serialize } from "hono/utils/cookie";

/**
 * The name of the cookie. One with the prefix `__Host-` (RFC 6265bis 4.1.3.2) comes from this host, so that no page of a neighbouring
 * host can set it. Browsers refuse the prefix over http, which only a developer's machine has.
 */
const named = (name: string, issuer: string) => (isHttps(issuer) ? `__Host-${name}` : name);

const isHttps = (issuer: string) => issuer.startsWith("https:");

/**
 * The value of `Set-Cookie`. The cookie ends with the browser.
 *
 * @param value null removes the cookie
 */
export function setCookie(name: string, issuer: string, value: string | null): string {
  return serialize(named(name, issuer), value ?? "", {
    httpOnly: true,
    sameSite: "Strict",
    path: "/",
    secure: isHttps(issuer),
    ...(value === null ? { maxAge: 0 } : {}),
  });
}

/** The value of the cookie in a `Cookie` header; null without one. */
export function cookieIn(name: string, issuer: string, header: string | null): string | null {
  const full = named(name, issuer);
  return parse(header ?? "", full)[full] ?? null;
}
