/** The cookie of a session, and the CSRF token that belongs to it. */
import { createHmac } from "node:crypto";
import type { Context } from "../../platform/context.ts";
import { encodeBase64url } from "../../platform/crypto/base64url.ts";
import { cookieIn, setCookie } from "../../platform/http/cookies.ts";

type WithSettings = Pick<Context, "settings">;

const cookieName = "agentidp";

/** 43 base64url characters: 256 random bits. */
const secretForm = /^[A-Za-z0-9_-]{43}$/;

/** A new secret of 256 random bits. */
export const newSecret = (): string => encodeBase64url(crypto.getRandomValues(new Uint8Array(32)));

/** `Set-Cookie` of a session; null after its end. */
export const sessionCookie = ({ settings }: WithSettings, secret: string | null): string =>
  setCookie(cookieName, settings.issuer, secret);

/** The secret in the `Cookie` header of a request; null without one. */
export function cookieOf({ settings }: WithSettings, header: string | null): string | null {
  const value = cookieIn(cookieName, settings.issuer, header);
  return value !== null && secretForm.test(value) ? value : null;
}

/**
 * The CSRF token of a session. It follows from the cookie's value, so that the service can show it again and keeps only its hash. A
 * script cannot read the cookie, and a page of another site can read neither.
 */
export const csrfTokenOf = (cookie: string): string =>
  createHmac("sha256", cookie).update("agentidp console csrf").digest("base64url");
