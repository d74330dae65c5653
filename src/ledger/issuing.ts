/** Issues tokens and delegations: decides, counts and records. */
import { isNamedOnly, isPlatformScope } from "../access/scopes.ts";
import type { DomainEvent } from "../events/catalogue.ts";
import { type DelegationId, newId, type OrganizationId, type Scope, type TokenId } from "../platform/ids.ts";
import { authenticate, chargeClient } from "./clients.ts";
import type {
  AuthenticatedClient,
  DelegationOutcome,
  DelegationRequest,
  Limited,
  ProofOfPossession,
  TokenOutcome,
  TokenRequest,
} from "./contract.ts";
import type { Delegation } from "./delegations.ts";
import { appendEvent, type Parts } from "./parts.ts";
import { grantableTo } from "./principals.ts";
import { type Resource, scopesFor } from "./resources.ts";
import { revocationKey } from "./revocations.ts";
import { standingOf } from "./standing.ts";

/** Uses the proof; false when it was used before (RFC 9449 11.1). A request without a proof passes. */
export function useProof({ singleUse }: Pick<Parts, "singleUse">, proof: ProofOfPossession | null): boolean {
  return proof === null || singleUse.useOnce(`dpop:${proof.thumbprint}`, proof.jti, proof.expiresAtMs);
}

/** The subject of a token, and what of its authority the token can have. */
interface Authority {
  readonly subject: { readonly agentId: AuthenticatedClient["agentId"]; readonly agentType: string };
  readonly platformScopes: readonly Scope[];
  readonly capabilities: readonly Scope[];
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
  const standing = await standingOf(parts, chainId);
  if (!standing.stands || standing.delegation.delegateeAgentId !== client.agentId) return null;
  const { delegation, delegator } = standing;
  const { id: agentId, agentType, dpopRequired } = delegator.agent;
  return {
    subject: { agentId, agentType },
    platformScopes: delegation.scopes.filter(isPlatformScope),
    capabilities: delegation.scopes.filter((scope) => !isPlatformScope(scope)),
    delegation,
    dpopRequired,
  };
}

/** The scopes that a token of an authority can have for a resource; null when it may have no token for it. */
function scopesForTarget(
  authority: Authority,
  resource: Resource | null,
  organizationId: OrganizationId,
  nowMs: number,
): readonly Scope[] | null {
  return resource && scopesFor(resource, organizationId, authority.capabilities, nowMs);
}

/** How many refused scopes the audit event and the answer name, and how many characters of each. */
const named = { scopes: 10, characters: 64 } as const;

const shortened = (scopes: readonly string[]): readonly string[] =>
  scopes.slice(0, named.scopes).map((scope) => scope.slice(0, named.characters));

/** Decides on a token request: one durable commit, whatever the outcome. */
export async function issueToken(parts: Parts, request: TokenRequest): Promise<TokenOutcome> {
  const { grant, chainId, source, target } = request;
  // The first check, because the caller then tries again with another key: it must not have used up a proof or an assertion.
  if (parts.revocations.isDropped(request.signingKeyId)) return { outcome: "signing_key_dropped" };
  parts.principals.releaseExpired(Date.now());
  // Taken before the records are read: a revocation that comes in between ends the token.
  const issuedAtMs = parts.revocations.nextIssueMs(Date.now());
  const context = { grant, ...(chainId ? { chainId } : {}) };
  const asked = request.scopes ? { scope: shortened(request.scopes).join(" ") } : {};
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
  const resource = target.key === null ? null : await resources.find(organizationId, target.key, nowMs);
  const grantable =
    target.key === null ? authority.platformScopes : scopesForTarget(authority, resource, organizationId, nowMs);
  if (!grantable) {
    const nearest = target.key === null ? null : await resources.nearest(organizationId, target.key);
    return refuse(
      { outcome: "target_refused", nearest },
      { ...asked, reason: "invalid_target", audience: [target.name] },
    );
  }
  if ((resource?.requireDpop || dpopRequired || authority.dpopRequired) && !request.proof) {
    return refuse({ outcome: "proof_required" }, { ...asked, reason: "proof_required", audience: [target.name] });
  }
  const scopes = request.scopes ?? grantable.filter((scope) => !isNamedOnly(scope));
  const outside = shortened(scopes.filter((scope) => !grantable.includes(scope)));
  if (outside.length > 0 || (resource && scopes.length === 0)) {
    return refuse({ outcome: "scope_refused", outside }, { reason: "invalid_scope", scope: outside.join(" ") });
  }

  const { subject, delegation } = authority;
  const audience = resource?.identifier ?? target.name;
  const charged = chargeClient(parts, authenticated, "token", false);
  if (charged.outcome === "limited") return refuseOverLimit(charged);
  const tokenId = newId<TokenId>(issuedAtMs);
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
      details: { ...details, tokenId },
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

/** Delegates: checks both agents and the delegator's present scopes, and stores the delegation. */
export async function delegate(parts: Parts, request: DelegationRequest): Promise<DelegationOutcome> {
  const { delegatorAgentId, delegateeAgentId, credentialId, tokenId, scopes, ttlSeconds } = request;
  parts.principals.releaseExpired(Date.now());
  // Taken before the records are read: a revocation that comes in between ends the delegation.
  const issuedAtMs = parts.revocations.nextIssueMs(Date.now());
  const find = (agentId: typeof delegatorAgentId) => parts.principals.find(parts.organizationId, agentId, Date.now());
  const [delegator, delegatee] = await Promise.all([find(delegatorAgentId), find(delegateeAgentId)]);
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
  const grantable = grantableTo(delegator);
  const outside = scopes.filter((scope) => !grantable.includes(scope));
  if (outside.length > 0) return { outcome: "scopes_withdrawn", outside };
  const expiresAtMs = issuedAtMs + ttlSeconds * 1000;
  const chainId = newId<DelegationId>(issuedAtMs);
  parts.delegations.add({ chainId, delegatorAgentId, delegateeAgentId, credentialId, tokenId, scopes, expiresAtMs });
  await parts.settled();
  return { outcome: "delegated", chainId, issuedAtMs, expiresAtMs };
}
