/** Access tokens (RFC 9068) and id_tokens: signing them, and reading our own. */
import { z } from "@hono/zod-openapi";
import { SignJWT } from "jose";
import QuickLRU from "quick-lru";
import { currentSigningKey, verificationKey } from "../../keys/service.ts";
import type { TokenFacts } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { checkTimes, readJws, verifyJws } from "../../platform/crypto/jws.ts";
import {
  agentIdSchema,
  credentialIdSchema,
  type DelegationId,
  delegationIdSchema,
  type OrganizationId,
  organizationIdSchema,
  type Scope,
  type TokenId,
} from "../../platform/ids.ts";

export type SigningKey = Awaited<ReturnType<typeof currentSigningKey>>;

const accessTokenType = "at+jwt";

/** What the issuer puts into an access token. */
export interface AccessTokenContent {
  readonly tokenId: TokenId;
  readonly subject: string;
  readonly clientId: string;
  /** The delegation between the subject and the client; null when the client is the subject. */
  readonly chainId: DelegationId | null;
  readonly organizationId: OrganizationId;
  readonly agentType: string;
  /** The one API that the token is for. */
  readonly audience: string;
  readonly scopes: readonly Scope[];
  /** The credential of the sign-in, whose revocation ends this token; null for the agent's own key. */
  readonly credentialId: string | null;
  /** The key that the token is bound to (RFC 9449 6.1); null for a bearer token. */
  readonly thumbprint: string | null;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Signs an access token (RFC 9068 2). */
export function signAccessToken(context: Context, key: SigningKey, content: AccessTokenContent): Promise<string> {
  return new SignJWT({
    iss: context.settings.issuer,
    sub: content.subject,
    client_id: content.clientId,
    aud: content.audience,
    scope: content.scopes.join(" "),
    organization_id: content.organizationId,
    agent_type: content.agentType,
    ...(content.credentialId ? { credential_id: content.credentialId } : {}),
    ...(content.thumbprint ? { cnf: { jkt: content.thumbprint } } : {}),
    ...(content.chainId ? { act: { sub: content.clientId }, delegation_chain: content.chainId } : {}),
    jti: content.tokenId,
    iat: content.issuedAt,
    exp: content.expiresAt,
  })
    .setProtectedHeader({ alg: key.alg, typ: accessTokenType, kid: key.kid })
    .sign(key.key);
}

/** Signs an id_token (OpenID Connect Core 2) about the agent, for the agent. */
export async function signIdToken(
  context: Context,
  content: AccessTokenContent & {
    readonly email: string;
    /** Whether the organization holds the domain of the address. No check proves the mailbox itself. */
    readonly emailDomainVerified: boolean;
    readonly alg: "RS256" | "ES256";
  },
): Promise<string> {
  const key = await currentSigningKey(context, content.alg);
  return new SignJWT({
    iss: context.settings.issuer,
    sub: content.subject,
    aud: content.clientId,
    email: content.email,
    email_verified: false,
    email_domain_verified: content.emailDomainVerified,
    agent_type: content.agentType,
    organization_id: content.organizationId,
    iat: content.issuedAt,
    exp: content.expiresAt,
  })
    .setProtectedHeader({ alg: key.alg, typ: "JWT", kid: key.kid })
    .sign(key.key);
}

const claimsSchema = z.object({
  iss: z.string(),
  sub: agentIdSchema,
  client_id: agentIdSchema,
  aud: z.string(),
  scope: z.string(),
  organization_id: organizationIdSchema,
  credential_id: credentialIdSchema.optional(),
  cnf: z.strictObject({ jkt: z.string() }).optional(),
  act: z.strictObject({ sub: agentIdSchema }).optional(),
  delegation_chain: delegationIdSchema.optional(),
  jti: z.uuid().transform((jti) => jti as TokenId),
  iat: z.int(),
  exp: z.int(),
  nbf: z.number().exactOptional(),
});

/** The claims of an access token of ours. */
export type AccessTokenClaims = z.output<typeof claimsSchema>;

export interface ReadAccessToken {
  readonly claims: AccessTokenClaims;
  readonly facts: TokenFacts;
}

/** The `kid` of a token whose algorithm is ours. */
function keyIdOf(token: string): string | undefined {
  const header = readJws(token)?.header;
  return header?.alg === "ES256" ? header.kid : undefined;
}

/** A token with a valid form and signature, and the key of the check. */
interface Verified extends ReadAccessToken {
  readonly key: CryptoKey;
}

/** A token comes many times, so its signature is checked once. Only valid tokens are here: a flood of others evicts none. */
const verified = new QuickLRU<string, Verified>({ maxSize: 1_000 });

/** Checks what does not change about a token: form, type, signature, claims. The key is looked up each time: it may be dropped. */
async function verify(context: Context, token: string): Promise<ReadAccessToken | null> {
  const known = verified.get(token);
  const kid = known?.facts.signingKeyId ?? keyIdOf(token);
  const signer = kid === undefined ? null : await verificationKey(context, kid);
  if (kid === undefined || signer?.alg !== "ES256") return null;
  if (known?.key === signer.key) return known;
  const payload = await verifyJws(token, { key: signer.key, alg: signer.alg, typ: accessTokenType });
  const parsed = claimsSchema.safeParse(payload);
  if (!parsed.success) return null;
  const claims = parsed.data;
  const facts: TokenFacts = {
    tokenId: claims.jti,
    agentId: claims.client_id,
    credentialId: claims.credential_id ?? null,
    bound: claims.cnf !== undefined,
    signingKeyId: kid,
    chainId: claims.delegation_chain ?? null,
    expiresAt: claims.exp,
  };
  verified.set(token, { claims, facts, key: signer.key });
  return { claims, facts };
}

/** An access token that this issuer has signed with a published key, and whether its lifetime is over. */
export interface OwnToken extends ReadAccessToken {
  readonly isExpired: boolean;
}

/**
 * Reads an access token of ours that can be expired: form, type, key, signature, issuer. Only after the signature is its content
 * more than a claim of the sender.
 *
 * @returns null for anything else, and for a token from the future
 */
export async function readOwnToken(context: Context, token: string): Promise<OwnToken | null> {
  const read = await verify(context, token);
  if (read?.claims.iss !== context.settings.issuer) return null;
  const times = checkTimes(read.claims, { nowMs: context.now(), skewSeconds: 0 });
  return times === "ok" || times === "expired" ? { ...read, isExpired: times === "expired" } : null;
}

/**
 * Reads an access token of ours: form, type, key, signature, issuer and lifetime. The ledger decides whether it is revoked; the
 * caller checks the audience.
 *
 * @returns null for anything that is not a valid access token of this issuer
 */
export async function readAccessToken(context: Context, token: string): Promise<ReadAccessToken | null> {
  const read = await readOwnToken(context, token);
  return read?.isExpired === false ? read : null;
}
