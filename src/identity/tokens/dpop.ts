/** Proof of possession (RFC 9449): the client shows, with every request, that it holds the key that its token is bound to. */
import { z } from "@hono/zod-openapi";
import { calculateJwkThumbprint, compactVerify, errors } from "jose";
import type { ProofOfPossession } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { decodeBase64url, encodeBase64url } from "../../platform/crypto/base64url.ts";
import {
  importVerificationKey,
  isUsablePublicJwk,
  publicJwkSchema,
  verificationAlgs,
} from "../../platform/crypto/jwk.ts";
import { normalEscapes } from "../../platform/percent-encoding.ts";

/** The algorithms of proofs, for the discovery documents and for challenges. */
export const proofAlgs = ["ES256", "EdDSA", "Ed25519", "RS256", "PS256"] as const;

/** How old a proof may be, and how far ahead a client's clock, in seconds. */
const windowSeconds = 60;
const longestProof = 8_192;

/** RFC 9449 4.2: "at least" `typ`, `alg` and `jwk`. Other members, such as `kid`, are ignored, but none that brings another key. */
const headerSchema = z.looseObject({
  // RFC 7515 4.1.9: `application/` may be left out, or not.
  typ: z.string().regex(/^(application\/)?dpop\+jwt$/i),
  alg: z.enum(proofAlgs),
  jwk: publicJwkSchema,
  crit: z.undefined().optional(),
  jku: z.undefined().optional(),
  x5u: z.undefined().optional(),
  x5c: z.undefined().optional(),
});

const claimsSchema = z.looseObject({
  jti: z.string().min(1).max(256),
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  exp: z.number().optional(),
  nbf: z.number().optional(),
  ath: z.string().optional(),
});

/** The request that a proof is for. */
export interface ProvenRequest {
  readonly method: string;
  /** Path of the request, without query. */
  readonly path: string;
  /** The access token that comes with it; null at the token endpoint. */
  readonly accessToken: string | null;
}

function parse(segment: string): unknown {
  try {
    return JSON.parse(
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(decodeBase64url(segment) ?? new Uint8Array()),
    );
  } catch {
    return undefined;
  }
}

/** `URL` normalizes everything of RFC 3986 6.2.2 and 6.2.3 but escapes: here an unreserved character loses its escape. */
function normalHref(text: string): string {
  const url = new URL(text);
  url.search = "";
  url.hash = "";
  url.pathname = normalEscapes(url.pathname);
  return url.href;
}

/** RFC 9449 4.3: compared after normalization, without query and fragment. Credentials would make it another URI. */
export const isSameUri = (htu: string, expected: string): boolean =>
  URL.canParse(htu) && normalHref(htu) === normalHref(expected);

/** How a proof may be dated: made just now and, where it says so itself (RFC 7519 4.1.4, 4.1.5), alive now. */
function isFresh({ iat, exp, nbf }: z.output<typeof claimsSchema>, nowSeconds: number): boolean {
  const isRecent = Math.abs(nowSeconds - iat) <= windowSeconds;
  const isAlive = exp === undefined || nowSeconds < exp + windowSeconds;
  return isRecent && isAlive && (nbf === undefined || nowSeconds >= nbf - windowSeconds);
}

async function hashOfToken(accessToken: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(accessToken));
  return encodeBase64url(new Uint8Array(digest));
}

/**
 * Checks a proof as RFC 9449 4.3 lists it, except for its being used once, which the ledger decides.
 *
 * @param proof the `DPoP` header
 * @returns null when any check fails
 */
export async function checkProof(
  context: Context,
  proof: string,
  request: ProvenRequest,
): Promise<ProofOfPossession | null> {
  const segments = proof.split(".", 4);
  const [first = "", second = "", third = ""] = segments;
  // A second DPoP header would arrive joined by a comma, which is in no segment.
  if (proof.length > longestProof || segments.length !== 3 || !decodeBase64url(third)) return null;
  const header = headerSchema.safeParse(parse(first));
  const claims = claimsSchema.safeParse(parse(second));
  if (!header.success || !claims.success) return null;
  const { alg, jwk } = header.data;
  const { jti, htm, htu, iat, ath } = claims.data;
  if (!verificationAlgs(jwk).includes(alg) || !(await isUsablePublicJwk(jwk))) return null;
  try {
    await compactVerify(proof, await importVerificationKey(jwk, alg), { algorithms: [alg] });
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
  const nowMs = context.now();
  const isForRequest = htm === request.method && isSameUri(htu, `${context.settings.issuer}${request.path}`);
  if (!isFresh(claims.data, nowMs / 1000) || !isForRequest) return null;
  if (request.accessToken !== null && ath !== (await hashOfToken(request.accessToken))) return null;
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    jti,
    expiresAtMs: Math.max(nowMs, iat * 1000) + 2 * windowSeconds * 1000,
  };
}
