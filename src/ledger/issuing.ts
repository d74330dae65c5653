/** Issues tokens and delegations: decides, counts and records. */
import { isNamedOnly } from "../access/scopes.ts";
import type { DomainEvent } from "../events/catalogue.ts";
import { type DelegationId, newIdAt, type TokenId } from "../platform/ids.ts";
import { fewNames } from "../platform/problems/bounds.ts";
import { delegationStatus } from "./active.ts";
import { authenticate, chargeClient, refuseReplayed } from "./clients.ts";
import type {
  AuthenticatedClient,
  DelegationOutcome,
  DelegationRequest,
  Limited,
  ProofOfPossession,
  Target,
  TokenOutcome,
  TokenRequest,
} from "./contract.ts";
import type { Delegation, LentResource } from "./delegations.ts";
import { findApi, grantableFor, type Holdings, holdingsOf } from "./grantable.ts";
import { appendEvent, type Parts } from "./parts.ts";
import { grantableTo } from "./principals.ts";
import type { Resource } from "./resources.ts";
import { revocationKey } from "./revocations.ts";
import { isReplayed, useUp } from "./sign-in.ts";

/** Uses the proof; false when it was used before (RFC 9449 11.1). A request without a proof passes. */
export function useProof({ singleUse }: Pick<Parts, "singleUse">, proof: ProofOfPossession | null): boolean {
  return proof === null || singleUse.useOnce(`dpop:${proof.thumbprint}`, proof.jti, proof.expiresAtMs);
}

/** The subject of a token, and what of its authority the token can have. */
interface Authority extends Holdings {
  readonly subject: { readonly agentId: AuthenticatedClient["agentId"]; readonly agentType: string };
  readonly delegation: Delegation | null;
  /** Whether the subject demands tokens that are bound to a key (RFC 9449 5.2). */
  readonly dpopRequired: boolean;
}

function ownAuthority(
  { agentId, agentType, platformScopes, capabilities }: AuthenticatedClient,
  dpopRequired: boolean,
): Authority {
  return { subject: { agentId, agentType }, platformScopes, capabilities, delegation: null, dpopRequired };
}

/** The authority of a delegation; null when it is not active or the client is not its delegatee. */
async function delegatedAuthority(
  parts: Parts,
  client: AuthenticatedClient,
  chainId: DelegationId,
): Promise<Authority | null> {
  const status = await delegationStatus(parts, chainId);
  if (!status.active || status.delegation.delegateeAgentId !== client.agentId) return null;
  const { delegation, delegator } = status;
  const { id: agentId, agentType, dpopRequired } = delegator.agent;
  return {
    subject: { agentId, agentType },
    platformScopes: delegation.resource ? [] : delegation.scopes,
    capabilities: delegation.resource ? delegation.scopes : [],
    delegation,
    dpopRequired,
  };
}

/** The API of a delegation is set by it: a request may leave `resource` out, or name the same. */
const namesAnother = ({ resource }: Delegation, { isNamed, key }: Target): boolean =>
  isNamed && key !== (resource?.key ?? null);

/** Scopes in the details of a refusal, with their number where not all are named. A stranger chooses them. */
function scopeDetails(scopes: readonly string[]): DomainEvent["details"] {
  const named = fewNames(scopes);
  return { scope: named.join(" "), ...(scopes.length > named.length ? { scopeCount: scopes.length } : {}) };
}

/** Decides on a token request: one durable commit, whatever the outcome. */
export async function issueToken(parts: Parts, request: TokenRequest): Promise<TokenOutcome> {
  const { grant, chainId, source, target } = request;
  // The first check, because the caller then tries again with another key: it must not have used up a proof or an assertion.
  if (parts.revocations.isDropped(request.signingKeyId)) return { outcome: "signing_key_dropped" };
  parts.principals.releaseExpired(Date.now());
  const issuedAtMs = Date.now();
  // Taken before the records are read: a revocation that comes in between ends the token.
  const tokenId = newIdAt<TokenId>(parts.revocations.nextIssueMs(issuedAtMs));
  const context = { grant, ...(chainId ? { chainId } : {}) };
  const asked = request.scopes ? scopeDetails(request.scopes) : {};
  const authenticated = await authenticate(parts, request, "token.refused", { ...context, ...asked });
  if (authenticated.outcome !== "authenticated") return authenticated;
  // Not before: a stranger's proofs must leave nothing in the client's ledger.
  if (!useProof(parts, request.proof)) return { outcome: "proof_replayed" };
  const { client } = authenticated;
  const { agentId, credentialId } = client;
  const actor = { agentId, ...(credentialId ? { credentialId } : {}), ...source };
  const refuse = async (outcome: TokenOutcome, details: DomainEvent["details"]) => {
    appendEvent(parts, "token.refused", {
      agentId,
      actor,
      target: agentId,
      details: { ...context, ...details },
      outcome: "failure",
    });
    await parts.settled();
    return outcome;
  };

  // A client over a limit may send many requests. The audit log records one a minute.
  const refuseOverLimit = async (limited: Limited): Promise<TokenOutcome> => {
    if (!parts.admission.isFirstInWindow(`limit:${limited.limit}`, Date.now())) return limited;
    return refuse(limited, { ...asked, reason: "limit_exceeded", limit: limited.limit, max: limited.max });
  };

  const { dpopRequired } = authenticated.principal.agent;
  const authority = chainId ? await delegatedAuthority(parts, client, chainId) : ownAuthority(client, dpopRequired);
  if (!authority) return refuse({ outcome: "delegation_refused" }, { ...asked, reason: "delegation_refused" });
  const { organizationId, resources } = parts;
  const nowMs = Date.now();
  const { subject, delegation } = authority;
  const isOther = delegation !== null && namesAnother(delegation, target);
  const key = delegation ? (delegation.resource?.key ?? null) : target.key;
  const api = isOther ? null : await findApi(parts, key, nowMs);
  const grantable = api && grantableFor(api, organizationId, authority, nowMs);
  if (!grantable) {
    const nearest = delegation || key === null ? null : await resources.nearest(organizationId, key);
    return refuse(
      { outcome: "target_refused", nearest },
      { ...asked, reason: "invalid_target", audience: [target.name] },
    );
  }
  const { resource } = api;
  const audience = resource?.identifier ?? target.name;
  if ((resource?.requireDpop || dpopRequired || authority.dpopRequired) && !request.proof) {
    return refuse({ outcome: "proof_required" }, { ...asked, reason: "proof_required", audience: [audience] });
  }
  const scopes = request.scopes ?? grantable.filter((scope) => !isNamedOnly(scope));
  const outside = scopes.filter((scope) => !grantable.includes(scope));
  if (outside.length > 0 || (resource && scopes.length === 0)) {
    const outcome = { outcome: "scope_refused", outside: fewNames(outside) } as const;
    return refuse(outcome, { reason: "invalid_scope", ...scopeDetails(outside) });
  }

  // Nothing awaits between this check and its use: of concurrent requests with one workload token, exactly one gets a token.
  if (isReplayed(parts, request.presented)) {
    return refuseReplayed(parts, request, authenticated, { ...context, ...asked });
  }
  const charged = chargeClient(parts, authenticated, "token", false);
  if (charged.outcome === "limited") return refuseOverLimit(charged);
  useUp(parts, request.presented);
  const details = { ...context, scope: scopes.join(" ") };
  const occurredAtMs = appendEvent(parts, "token.issued", {
    agentId,
    actor,
    target: tokenId,
    details: { ...details, audience: [audience] },
    outcome: "success",
  });
  parts.activity.addToken(agentId, occurredAtMs);
  if (delegation) {
    appendEvent(parts, "delegation.exchanged", {
      agentId: subject.agentId,
      actor,
      target: delegation.chainId,
      details: { ...details, ...(resource ? { resource: audience } : {}), tokenId },
      outcome: "success",
    });
  }
  await parts.settled();
  return {
    outcome: "issued",
    client,
    tokenId,
    issuedAtMs,
    scopes,
    audience,
    ttlSeconds: resource?.tokenTtlSeconds ?? null,
    subject,
    notAfterMs: delegation?.expiresAtMs ?? null,
    rate: charged.rate,
  };
}

const lentResource = ({ id, identifier, key }: Resource): LentResource => ({ id, identifier, key });

/**
 * Delegates, and stores the delegation. Both agents must be active. The delegator may be granted the scopes for the API at this
 * moment, by the check of a token request, and what it delegates is never everything that it may be granted.
 */
export async function delegate(parts: Parts, request: DelegationRequest): Promise<DelegationOutcome> {
  const { delegatorAgentId, delegateeAgentId, credentialId, tokenId, resourceKey, scopes, ttlSeconds } = request;
  const { organizationId, resources } = parts;
  parts.principals.releaseExpired(Date.now());
  const issuedAtMs = Date.now();
  // Taken before the records are read: a revocation that comes in between ends the delegation.
  const chainId = newIdAt<DelegationId>(parts.revocations.nextIssueMs(issuedAtMs));
  const find = (agentId: typeof delegatorAgentId) => parts.principals.find(organizationId, agentId, Date.now());
  const [delegator, delegatee, api] = await Promise.all([
    find(delegatorAgentId),
    find(delegateeAgentId),
    findApi(parts, resourceKey, Date.now()),
  ]);
  // An agent may still be active in D1 while its revocation is in progress. A delegation issued now would outlive the revocation.
  const { holds } = parts;
  const isHeld = holds.refuses({ kind: "agent", agentId: delegatorAgentId }) || holds.refuses({ kind: "organization" });
  // A token that was revoked while the agents were read has ended its delegations before this one.
  const isTokenRevoked = parts.revocations.cutOffAt([revocationKey.token(tokenId)], 0) !== null;
  if (isTokenRevoked || isHeld || delegator?.agent.status !== "active" || delegator.organization.status !== "active") {
    return { outcome: "inactive" };
  }
  if (holds.refuses({ kind: "agent", agentId: delegateeAgentId }) || delegatee?.agent.status !== "active") {
    return { outcome: "delegatee_unavailable" };
  }
  const grantable = api && grantableFor(api, organizationId, holdingsOf(delegator), Date.now());
  if (!grantable) {
    return {
      outcome: "target_refused",
      nearest: resourceKey && (await resources.nearest(organizationId, resourceKey)),
    };
  }
  const outside = scopes.filter((scope) => !grantable.includes(scope));
  if (outside.length > 0) return { outcome: "scopes_refused", outside };
  if (grantableTo(delegator).every((scope) => scope === "openid" || scopes.includes(scope))) {
    return { outcome: "not_narrower" };
  }
  const resource = api.resource && lentResource(api.resource);
  const expiresAtMs = issuedAtMs + ttlSeconds * 1000;
  parts.delegations.add({
    chainId,
    delegatorAgentId,
    delegateeAgentId,
    credentialId,
    tokenId,
    resource,
    scopes,
    expiresAtMs,
  });
  await parts.settled();
  return { outcome: "delegated", chainId, resource, issuedAtMs, expiresAtMs };
}
