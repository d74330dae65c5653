/** The access tokens of partners: which kind of token is accepted, and which claims it must have. */
import { z } from "@hono/zod-openapi";
import type { JWTPayload } from "jose";
import { checkTimes, type JwsHeader } from "../../platform/crypto/jws.ts";
import { foreignSkewSeconds } from "../../platform/lifetimes.ts";

/** The last second of the year 9999: the last time that the wire can show as ISO 8601. */
const lastSecond = 253_402_300_799;

/** A bound on the audiences of one token. */
const mostAudiences = 100;

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().min(1).max(1024),
  aud: z.union([z.string(), z.array(z.string()).max(mostAudiences)]).optional(),
  exp: z.number().max(lastSecond),
  iat: z.number().optional(),
  client_id: z.string().optional(),
  organization_id: z.string().optional(),
  scope: z.string().optional(),
  scp: z.union([z.string(), z.array(z.string())]).optional(),
});

/** The claims of a partner's access token. */
export interface PartnerClaims {
  readonly subject: string;
  readonly organizationId: string | null;
  /** Empty for a token without `aud`. */
  readonly audience: string[];
  readonly scopes: string[];
  readonly expiresAtMs: number;
}

/** Claims that only an ID token has (OpenID Connect Core 2, 3.1.3.6, 3.3.2.11). */
const idTokenClaims = ["nonce", "at_hash", "c_hash", "s_hash"];

function isIdToken(payload: JWTPayload): boolean {
  return (
    idTokenClaims.some((claim) => Object.hasOwn(payload, claim)) || payload.token_use === "id" || payload.typ === "ID"
  );
}

/**
 * Whether a token is an access token: by its `typ` (RFC 9068), or, since many providers do not set that, an untyped JWT with
 * a scope or a client and no claim of an ID token. Every other `typ` is another kind of token (RFC 8725 3.11).
 */
export function isAccessToken({ typ }: JwsHeader, payload: JWTPayload): boolean {
  const type = typ?.toLowerCase().replace(/^application\//, "");
  if (type === "at+jwt") return true;
  if (type !== undefined && type !== "jwt") return false;
  const { scope, scp, client_id } = payload;
  return !isIdToken(payload) && [scope, scp, client_id].some((claim) => claim !== undefined);
}

function scopesOf({ scope, scp }: z.output<typeof claimsSchema>): string[] {
  const listed = scope ?? scp ?? [];
  const scopes = typeof listed === "string" ? listed.split(" ") : listed;
  return [...new Set(scopes.filter((name) => name !== ""))];
}

/** Reads the claims of a token whose signature is verified. Returns the reason when they are not valid now. */
export function readClaims(
  payload: JWTPayload,
  nowMs: number,
): PartnerClaims | "token_malformed" | "token_expired" | "token_not_yet_valid" {
  const claims = claimsSchema.safeParse(payload);
  const times = checkTimes(payload, { nowMs, skewSeconds: foreignSkewSeconds });
  if (!claims.success || times === "malformed") return "token_malformed";
  const { sub, organization_id, aud = [], exp, iat } = claims.data;
  // The skew is only for tokens from the future: none after `exp`.
  if (times === "expired" || nowMs >= exp * 1000) return "token_expired";
  if (times === "not_yet_valid" || (iat !== undefined && iat * 1000 > nowMs + foreignSkewSeconds * 1000))
    return "token_not_yet_valid";
  return {
    subject: sub,
    organizationId: organization_id ?? null,
    audience: typeof aud === "string" ? [aud] : aud,
    scopes: scopesOf(claims.data),
    expiresAtMs: exp * 1000,
  };
}
