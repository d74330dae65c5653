/** The cookie of a session, and the CSRF token that belongs to it. */
import { createHmac } from "node:crypto";
import { parse, serialize } from "hono/utils/cookie";
import type { Context } from "../../platform/context.ts";
import { encodeBase64url } from "../../platform/crypto/base64url.ts";

type WithSettings = Pick<Context, "settings">;

/** 43 base64url characters: 256 random bits. */
const secretForm = /^[A-Za-z0-9_-]{43}$/;

/** A new secret of 256 random bits. */
export const newSecret = (): string => encodeBase64url(crypto.getRandomValues(new Uint8Array(32)));

const isHttps = ({ settings }: WithSettings) => settings.issuer.startsWith("https:");

/**
 * The name of the cookie. A cookie with the prefix `__Host-` (RFC 6265bis 4.1.3.2) is of this very host, so that no page of a
 * neighbouring host can set it. Browsers refuse the prefix over http, which only a developer's machine has.
 */
const nameOf = (context: WithSettings) => (isHttps(context) ? "__Host-agentidp" : "agentidp");

const attributesOf = (context: WithSettings) =>
  ({ httpOnly: true, sameSite: "Strict", path: "/", secure: isHttps(context) }) as const;

/** `Set-Cookie` of a new session. It ends with the browser; the service ends the session. */
export const setCookie = (context: WithSettings, secret: string): string =>
  serialize(nameOf(context), secret, attributesOf(context));

/** `Set-Cookie` that removes the cookie. */
export const removeCookie = (context: WithSettings): string =>
  serialize(nameOf(context), "", { ...attributesOf(context), maxAge: 0 });

/** The secret in the cookie of a request; null without one. */
export function cookieOf(context: WithSettings, header: string | null): string | null {
  const name = nameOf(context);
  const value = parse(header ?? "", name)[name];
  return value !== undefined && secretForm.test(value) ? value : null;
}

/**
 * The CSRF token of a session. It follows from the cookie's value, so that the service can show it again and keeps only its hash. A
 * script cannot read the cookie, and a page of another site can read neither.
 */
export const csrfTokenOf = (cookie: string): string =>
  createHmac("sha256", cookie).update("agentidp console csrf").digest("base64url");
