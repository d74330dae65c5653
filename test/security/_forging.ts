/** Tokens that nobody should accept, and the service's own key to sign some of them with: the worst that an attacker can have. */
import { env } from "cloudflare:workers";
import { base64url, CompactSign } from "jose";
import { currentSigningKey } from "../../src/keys/service.ts";
import { contextOf } from "../../src/platform/context.ts";
import type { Bindings } from "../../src/platform/env.ts";

export const bindings = env as unknown as Bindings;

type Header = Readonly<Record<string, unknown>>;
type Claims = Readonly<Record<string, unknown>>;

/** The service's key for access tokens, or for id_tokens. */
export const serviceKey = (alg: "ES256" | "RS256" = "ES256") => {
  const request = { requestId: crypto.randomUUID(), source: { ip: "192.0.2.1", userAgent: "test" } };
  const context = contextOf(
    bindings,
    request,
    () => {},
    async () => {},
  );
  return currentSigningKey(context, alg);
};

/** Claims signed by any key, under any header. A member that is undefined is left out. */
export function signedBy(key: CryptoKey | Uint8Array, claims: Claims, header: Header): Promise<string> {
  const { crit, ...rest } = header;
  const known = Array.isArray(crit) ? { crit: Object.fromEntries(crit.map((name) => [name, true])) } : {};
  const protectedHeader = { ...JSON.parse(JSON.stringify(rest)), ...(crit === undefined ? {} : { crit }) };
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader(protectedHeader)
    .sign(key, known);
}

/** Claims signed by the service's own key, as an access token unless the header says otherwise. */
export async function signedByService(claims: Claims, header: Header = {}): Promise<string> {
  const { alg, kid, key } = await serviceKey();
  return signedBy(key, claims, { alg, kid, typ: "at+jwt", ...header });
}

/** Base64url of a JSON value. */
export const encoded = (value: unknown) => base64url.encode(JSON.stringify(value));

/** A compact JWS whose signature is whatever is put there. */
export const unsigned = (header: Header, claims: Claims, signature = "AAAA") =>
  `${encoded(header)}.${encoded(claims)}.${signature}`;
