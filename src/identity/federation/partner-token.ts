/** The access tokens of partners: which kind of token is accepted, and which claims it must have. */
import { z } from "@hono/zod-openapi";
import type { JWTPayload } from "jose";
import {
  claimAtFault,
  type Fault,
  foreignType,
  headerAtFault,
  timeAtFault,
} from "../../platform/crypto/foreign-jws.ts";
import type { JwsHeader } from "../../platform/crypto/jws.ts";

/** The last second of the year 9999: the last time that the wire can show as ISO 8601. */
const lastSecond = 253_402_300_799;

/** A bound on the audiences of one token. */
const mostAudiences = 100;

const textOrList = z.union([z.string(), z.array(z.string())]);

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().min(1).max(1024),
  aud: z.union([z.string(), z.array(z.string()).max(mostAudiences)]).optional(),
  exp: z.number().max(lastSecond),
  iat: z.number().optional(),
  client_id: z.string().optional(),
  organization_id: z.string().optional(),
  // RFC 9068 2.2.3: a string. Spring and Duende send an array, Hydra and Okta too, as `scp`.
  scope: textOrList.optional(),
  scp: textOrList.optional(),
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

/**
 * Claims that only an access token has: its scopes or client, and what Entra (`appid`, `appidacr`, `azpacr`, `idtyp`) and Auth0 (`gty`)
 * write into the tokens of machines, which may have no scope. Not `azp` and `roles`: an ID token can have both.
 */
const accessTokenClaims = ["scope", "scp", "client_id", "appid", "appidacr", "azpacr", "idtyp", "gty"];

/**
 * Why a token is no access token, or null. It is one by its `typ` (RFC 9068), or, since many providers do not set that, as a JWT of no
 * special type with a claim of an access token and none of an ID token. Every other `typ` is another kind of token (RFC 8725 3.11).
 */
export function kindAtFault(header: JwsHeader, payload: JWTPayload): Fault | null {
  const type = foreignType(header);
  if (type === null) return headerAtFault(header, "typ");
  if (type === "at+jwt") return null;
  const has = (claim: string) => Object.hasOwn(payload, claim);
  const ofIdToken = idTokenClaims.find(has);
  if (ofIdToken) return { claim: ofIdToken };
  if (payload.token_use === "id") return claimAtFault(payload, "token_use");
  if (payload.typ === "ID") return claimAtFault(payload, "typ");
  return accessTokenClaims.some(has) ? null : claimAtFault(payload, "scope");
}

function scopesOf({ scope, scp }: z.output<typeof claimsSchema>): string[] {
  const scopes = [scope ?? scp ?? []].flat().flatMap((list) => list.split(" "));
  return [...new Set(scopes.filter((name) => name !== ""))];
}

/** Why the claims of a token are not valid. */
interface BadClaims {
  readonly reason: "token_malformed" | "token_expired" | "token_not_yet_valid";
  readonly fault: Fault;
}

/** Reads the claims of a token whose signature is verified. */
export function readClaims(payload: JWTPayload, nowMs: number): PartnerClaims | BadClaims {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) {
    const [claim = ""] = claims.error.issues[0]?.path ?? [];
    return { reason: "token_malformed", fault: claimAtFault(payload, String(claim)) };
  }
  // The skew is only for tokens from the future: none after `exp`.
  const time = timeAtFault(payload, { nowMs, skewSeconds: 0 });
  if (time) return time;
  const { sub, organization_id, aud = [], exp } = claims.data;
  return {
    subject: sub,
    organizationId: organization_id ?? null,
    audience: typeof aud === "string" ? [aud] : aud,
    scopes: scopesOf(claims.data),
    expiresAtMs: exp * 1000,
  };
}
