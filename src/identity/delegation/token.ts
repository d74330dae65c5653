/** Delegation tokens: `sa_del_` and a compact JWS with the delegator, the delegatee and the scopes. */
import { z } from "@hono/zod-openapi";
import { SignJWT } from "jose";
import type { Context } from "../../platform/context.ts";
import { readJws, verifyJws } from "../../platform/crypto/jws.ts";
import {
  type AgentId,
  agentIdSchema,
  type DelegationId,
  delegationIdSchema,
  type OrganizationId,
  organizationIdSchema,
  type Scope,
} from "../../platform/ids.ts";
import { agentDid } from "../dids/service.ts";
import { type DelegationSigner, delegationAlg, delegationVerifier } from "./keys.ts";

const prefix = "sa_del_";
const tokenType = "delegation+jwt";

/** The content of a delegation token. */
export interface DelegationContent {
  readonly chainId: DelegationId;
  readonly organizationId: OrganizationId;
  readonly delegatorAgentId: AgentId;
  readonly delegateeAgentId: AgentId;
  /** The identifier of the resource whose capabilities are lent; null where platform scopes are lent. */
  readonly resource: string | null;
  readonly scopes: readonly Scope[];
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Signs a delegation token. `iss` and `sub` are DIDs, so that a verifier needs no other identifier of the agents. */
export async function signDelegation(
  { settings: { issuer } }: Context,
  signer: DelegationSigner,
  content: DelegationContent,
): Promise<string> {
  const { chainId, organizationId, delegatorAgentId, delegateeAgentId, resource, scopes, issuedAt, expiresAt } =
    content;
  const jws = await new SignJWT({
    iss: agentDid(issuer, delegatorAgentId),
    sub: agentDid(issuer, delegateeAgentId),
    aud: issuer,
    scope: scopes.join(" "),
    ...(resource === null ? {} : { resource }),
    organization_id: organizationId,
    delegator: delegatorAgentId,
    delegatee: delegateeAgentId,
    jti: chainId,
    iat: issuedAt,
    exp: expiresAt,
  })
    .setProtectedHeader({ alg: delegationAlg, typ: tokenType, kid: signer.kid })
    .sign(signer.key);
  return prefix + jws;
}

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.string(),
  scope: z.string(),
  resource: z.string().nullable().default(null),
  organization_id: organizationIdSchema,
  delegator: agentIdSchema,
  delegatee: agentIdSchema,
  jti: delegationIdSchema,
  iat: z.int(),
  exp: z.int(),
});

/** The content of a delegation token with a valid signature of this service. */
export interface ReadDelegation extends DelegationContent {
  /** The delegator's DID. */
  readonly issuer: string;
  readonly audience: string;
}

/**
 * Reads a delegation token of this service: form, type, key, signature, organization. It does not check the expiry or a revocation.
 *
 * @returns null for every other token
 */
export async function readDelegation(
  context: Context,
  organizationId: OrganizationId,
  token: string,
): Promise<ReadDelegation | null> {
  if (!token.startsWith(prefix)) return null;
  const jws = token.slice(prefix.length);
  const read = readJws(jws);
  if (read?.header.alg !== delegationAlg || read.header.kid === undefined) return null;
  // Not verified yet: the claims, like `kid`, only lead to the key.
  const claims = claimsSchema.safeParse(read.payload);
  if (!claims.success || claims.data.organization_id !== organizationId) return null;
  const { iss, aud, resource, scope, delegator, delegatee, jti, iat, exp } = claims.data;
  const { issuer } = context.settings;
  if (iss !== agentDid(issuer, delegator) || aud !== issuer) return null;
  const key = await delegationVerifier(context, delegator, read.header.kid);
  if (!key || !(await verifyJws(jws, { key, alg: delegationAlg, typ: tokenType }))) return null;
  return {
    chainId: jti,
    organizationId,
    delegatorAgentId: delegator,
    delegateeAgentId: delegatee,
    resource,
    scopes: scope.split(" ") as Scope[],
    issuedAt: iat,
    expiresAt: exp,
    issuer: iss,
    audience: aud,
  };
}
