/** Tokens: issuing, accepting, introspecting, revoking. */

import { hasScope } from "../../access/scopes.ts";
import type { EventName } from "../../events/catalogue.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { IntrospectedToken } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import type { AgentId, Scope } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import type { Result } from "../../platform/problems/result.ts";
import {
  checkDelegation,
  delegationsEndedByToken,
  endDelegation,
  type ReadDelegation,
  readDelegation,
} from "../delegation/service.ts";
import { comparisonKey } from "../resources/service.ts";
import { type ReadAccessToken, readAccessToken } from "./access-token.ts";
import type { Asker } from "./asker.ts";
import type { ClientRequest } from "./client-authentication.ts";
import { checkProof } from "./dpop.ts";
import type { Grant } from "./grants/grant.ts";
import { grants } from "./grants/index.ts";
import { jwtBearer } from "./grants/jwt-bearer.ts";
import { type IssuedToken, invalidProof } from "./issue.ts";
import { counted } from "./outcome.ts";
import { readScopes, readTarget, refuseMisnamed } from "./parameters.ts";
import type { TokenForm } from "./request.ts";
import type { Introspection, WorkloadToken } from "./schema.ts";

export { type Asker, admitAsker } from "./asker.ts";
export { authenticateBearer, presentedToken } from "./bearer.ts";
export { authenticateNewestSecret, refusal } from "./client-authentication.ts";
export { proofAlgs } from "./dpop.ts";
export { noteUnknownClient } from "./flood-brake.ts";
export { overLimit, rateHeaders } from "./limits.ts";
export { type OpenedSession, openSession, type TypedSecret } from "./session.ts";

/** The grant types of the token endpoint, for the discovery documents. */
export const supportedGrantTypes: readonly string[] = [...grants.keys()];

/** A token request as HTTP carries it. */
export interface IncomingTokenRequest extends ClientRequest {
  readonly form: TokenForm;
  /** The `DPoP` header, if any. */
  readonly dpop: string | undefined;
}

/** Answers a token request (RFC 6749 5). */
export function issueToken(context: Context, request: IncomingTokenRequest): Promise<Result<IssuedToken>> {
  const grant = grants.get(request.form.grant_type) ?? null;
  return counted(grant, answerRequest(context, grant, request));
}

async function answerRequest(
  context: Context,
  grant: Grant | null,
  { form, authorization, path, dpop }: IncomingTokenRequest,
): Promise<Result<IssuedToken>> {
  if (!grant) {
    return problem("VALIDATION_ERROR", `grant_type must be one of: ${supportedGrantTypes.join(", ")}.`, {
      oauthError: "unsupported_grant_type",
    });
  }
  const misnamed = refuseMisnamed(form);
  if (misnamed) return misnamed;
  const scopes = readScopes(form.scope);
  if (!scopes.ok) return scopes;
  const target = readTarget(form.resource, context.settings.issuer);
  if (!target.ok) return target;
  const proof =
    dpop === undefined ? null : await checkProof(context, dpop, { method: "POST", path, accessToken: null });
  if (dpop !== undefined && proof === null) return invalidProof();
  return grant.issue(context, { form, authorization, path, scopes: scopes.value, target: target.value, proof });
}

/** The JWT bearer grant with a JSON body, without client authentication. */
export function exchangeWorkloadToken(
  context: Context,
  { token, agentId, scope, resource }: WorkloadToken,
  { path, dpop }: Pick<IncomingTokenRequest, "path" | "dpop">,
): Promise<Result<IssuedToken>> {
  const form = { grant_type: jwtBearer.grantType, assertion: token, client_id: agentId, scope, resource };
  return issueToken(context, { form, authorization: undefined, path, dpop });
}

/** An agent may revoke its own tokens, and with `agents:write` every token of its organization. */
const mayRevoke = (asker: Asker, owner: AgentId) => asker.agentId === owner || hasScope(asker, "agents:write");

/** The event goes to the chain of the asker's organization. Only an agent of that organization is its `agentId`. */
function eventAbout(context: Context, asker: Asker, action: EventName, read: ReadAccessToken | null) {
  const organizationId = read?.claims.organization_id;
  const isOwn = organizationId === asker.organizationId;
  return newEvent(context, actorOf(context, asker), {
    action,
    organizationId: asker.organizationId,
    agentId: read && isOwn ? read.facts.agentId : null,
    target: read?.facts.tokenId ?? null,
    details: read ? { scope: read.claims.scope, ...(isOwn ? {} : { organizationId: organizationId ?? null }) } : {},
  });
}

async function introspectDelegation(
  context: Context,
  asker: Asker,
  delegation: ReadDelegation,
): Promise<Introspection> {
  const { active } = await checkDelegation(context, actorOf(context, asker), delegation);
  if (!active) return { active: false };
  const { delegatorAgentId, delegateeAgentId } = delegation;
  return {
    active: true,
    scope: delegation.scopes.join(" "),
    client_id: delegateeAgentId,
    sub: delegatorAgentId,
    act: { sub: delegateeAgentId },
    aud: delegation.audience,
    iss: delegation.issuer,
    exp: delegation.expiresAt,
    iat: delegation.issuedAt,
    jti: delegation.chainId,
    token_type: "delegation",
    organization_id: delegation.organizationId,
  };
}

/** What the ledgers must know of a token to decide whether it is active. */
function introspected({ settings: { issuer } }: Context, { claims, facts }: ReadAccessToken): IntrospectedToken {
  const key = comparisonKey(claims.aud);
  return {
    facts,
    organizationId: claims.organization_id,
    subjectAgentId: claims.sub,
    issuedAt: claims.iat,
    scopes: claims.scope.split(" ").filter((scope) => scope !== "") as Scope[],
    key: key === comparisonKey(issuer) ? null : key,
    isBound: claims.cnf !== undefined,
  };
}

/**
 * Introspection (RFC 7662 2.2) of access tokens and delegation tokens. A token that is not active, not ours, or not for the asker
 * to know is `{ active: false }` and nothing more. Client authentication alone opens no token of another client (CVE-2026-37979).
 */
export async function introspectToken(context: Context, asker: Asker, token: string): Promise<Introspection> {
  const agent = { agentId: asker.agentId, readsTokens: hasScope(asker, "tokens:read") };
  const delegation = await readDelegation(context, asker.organizationId, token);
  const parties = delegation ? [delegation.delegatorAgentId, delegation.delegateeAgentId] : [];
  if (delegation && (agent.readsTokens || parties.includes(agent.agentId))) {
    return introspectDelegation(context, asker, delegation);
  }
  const read = await readAccessToken(context, token);
  const event = eventAbout(context, asker, "token.introspected", read);
  const ledger = ledgerOf(context, asker.organizationId);
  const { active } = await ledger.introspect(agent, read && introspected(context, read), event);
  if (!read || !active) return { active: false };
  const { claims } = read;
  return {
    active: true,
    scope: claims.scope,
    client_id: claims.client_id,
    sub: claims.sub,
    aud: claims.aud,
    iss: claims.iss,
    exp: claims.exp,
    iat: claims.iat,
    jti: claims.jti,
    token_type: claims.cnf ? "DPoP" : "Bearer",
    organization_id: claims.organization_id,
    ...(claims.cnf ? { cnf: claims.cnf } : {}),
    ...(claims.act ? { act: claims.act } : {}),
  };
}

/**
 * Revocation (RFC 7009 2.1): the asker's own token, or any token of its organization with `agents:write`. A delegation token is
 * its delegator's, and its revocation ends the access tokens made from it. The delegations made with an access token end with it.
 * An unknown token, one that is not active and one of another agent stay as they are, and the answer is the same.
 */
export async function revokeToken(context: Context, asker: Asker, token: string): Promise<void> {
  const delegation = await readDelegation(context, asker.organizationId, token);
  if (delegation) {
    if (!mayRevoke(asker, delegation.delegatorAgentId)) return;
    return endDelegation(context, actorOf(context, asker), asker.organizationId, delegation.chainId);
  }
  const read = await readAccessToken(context, token);
  if (read?.claims.organization_id !== asker.organizationId || !mayRevoke(asker, read.facts.agentId)) return;
  const event = eventAbout(context, asker, "token.revoked", read);
  await ledgerOf(context, asker.organizationId).revokeToken(read.facts, event);
  // Also when the token was revoked before: the first request may have failed here.
  await delegationsEndedByToken(context, asker.organizationId, read.facts.tokenId);
}
