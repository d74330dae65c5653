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
import { standingOf } from "./standing.ts";

/** Uses the proof; false when it was used before (RFC 9449 11.1). A request without a proof passes. */
export function useProof({ singleUse }: Pick<Parts, "singleUse">, proof: ProofOfPossession | null): boolean {
  return proof === null || singleUse.useOnce(`dpop:${proof.thumbprint}`, proof.jti, proof.expiresAtMs);
}

/** The subject of a token, and the scopes that may be granted. */
interface Authority {
  readonly subject: { readonly agentId: AuthenticatedClient["agentId"]; readonly agentType: string };
  readonly grantable: readonly Scope[];
  /** The scopes that are granted when the request names none. */
  readonly usual: readonly Scope[];
  readonly delegation: Delegation | null;
}

function ownAuthority({ agentId, agentType, grantable }: AuthenticatedClient): Authority {
  const usual = grantable.filter((scope) => !isNamedOnly(scope));
  return { subject: { agentId, agentType }, grantable, usual, delegation: null };
}

/** The authority of a delegation; null when it is not active or the client is not its delegatee. */
async function lentAuthority(
  parts: Parts,
  client: AuthenticatedClient,
  chainId: DelegationId,
): Promise<Authority | null> {
  const standing = await standingOf(parts, chainId);
  if (!standing.stands || standing.delegation.delegateeAgentId !== client.agentId) return null;
  const { delegation, delegator } = standing;
  const { id: agentId, agentType } = delegator.agent;
  return { subject: { agentId, agentType }, grantable: delegation.scopes, usual: delegation.scopes, delegation };
}

/**
 * The registered resource that a request names; null when it names none. A token is for one API only: `several` when the
 * request names another resource beside a registered one.
 */
async function findTarget(parts: Parts, keys: readonly string[]): Promise<Resource | "several" | null> {
  const distinct = [...new Set(keys)];
  const found = await Promise.all(distinct.map((key) => parts.resources.find(parts.organizationId, key, Date.now())));
  const registered = found.filter((resource) => resource !== null);
  if (registered.length > 0 && distinct.length > 1) return "several";
  return registered[0] ?? null;
}

/** The part of an authority that is valid for a resource; null for none. */
function narrowed(whole: Authority, target: Resource | "several", organizationId: OrganizationId): Authority | null {
  if (target === "several") return null;
  const capabilities = whole.grantable.filter((scope) => !isPlatformScope(scope));
  const scopes = scopesFor(target, organizationId, capabilities);
  return scopes && { ...whole, grantable: scopes, usual: scopes };
}

/** Decides on a token request: one durable commit, whatever the outcome. */
export async function issueToken(parts: Parts, request: TokenRequest): Promise<TokenOutcome> {
  const { grant, chainId, source, audience } = request;
  // The first check, because the caller then tries again with another key: it must not have used up a proof or an assertion.
  if (parts.revocations.isDropped(request.signingKeyId)) return { outcome: "signing_key_dropped" };
  if (!useProof(parts, request.proof)) return { outcome: "proof_replayed" };
  // Taken before the records are read: a revocation that comes in between ends the token.
  const issuedAtMs = parts.revocations.nextIssueMs(Date.now());
  const context = { grant, ...(chainId ? { chainId } : {}) };
  const asked = request.scopes ? { scope: request.scopes.join(" ") } : {};
  const authenticated = await authenticate(parts, request, "token.refused", { ...context, ...asked });
  if (authenticated.outcome !== "authenticated") return authenticated;
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

  const whole = chainId ? await lentAuthority(parts, client, chainId) : ownAuthority(client);
  if (!whole) return refuse({ outcome: "delegation_refused" }, { ...asked, reason: "delegation_refused" });
  const target = await findTarget(parts, request.resourceKeys);
  const authority = target && whole ? narrowed(whole, target, parts.organizationId) : whole;
  if (target === "several" || !authority) {
    return refuse(
      { outcome: "target_refused" },
      { ...asked, reason: "invalid_target", audience: audience.slice(0, 1) },
    );
  }
  if (target?.requireDpop && !request.proof) {
    return refuse({ outcome: "proof_required" }, { ...asked, reason: "proof_required", audience: [target.identifier] });
  }
  const outside = (request.scopes ?? []).filter((scope) => !authority.grantable.includes(scope));
  if (outside.length > 0) {
    return refuse({ outcome: "scope_refused", outside }, { reason: "invalid_scope", scope: outside.join(" ") });
  }

  const { subject, delegation } = authority;
  const scopes = request.scopes ?? authority.usual;
  if (target && scopes.length === 0)
    return refuse({ outcome: "scope_refused", outside: [] }, { reason: "invalid_scope" });
  const granted = target ? [target.identifier] : audience;
  const charged = chargeClient(parts, authenticated, "token", false);
  if (charged.outcome === "limited") return refuseOverLimit(charged);
  const tokenId = newId<TokenId>(issuedAtMs);
  const details = { ...context, scope: scopes.join(" ") };
  const occurredAtMs = appendEvent(parts, "token.issued", {
    agentId,
    actor,
    target: tokenId,
    details: { ...details, audience: [...granted] },
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
    audience: granted,
    ttlSeconds: target?.tokenTtlSeconds ?? null,
    subject,
    notAfterMs: delegation?.expiresAtMs ?? null,
    rate: charged.rate,
  };
}

/** Delegates: checks both agents and the delegator's present scopes, and stores the delegation. */
export async function delegate(parts: Parts, request: DelegationRequest): Promise<DelegationOutcome> {
  const { delegatorAgentId, delegateeAgentId, credentialId, scopes, ttlSeconds } = request;
  // Taken before the records are read: a revocation that comes in between ends the delegation.
  const issuedAtMs = parts.revocations.nextIssueMs(Date.now());
  const find = (agentId: typeof delegatorAgentId) => parts.principals.find(parts.organizationId, agentId, Date.now());
  const [delegator, delegatee] = await Promise.all([find(delegatorAgentId), find(delegateeAgentId)]);
  const isWithdrawn = (subject: Parameters<typeof parts.principals.isWithdrawn>[0]) =>
    parts.principals.isWithdrawn(subject, Date.now());
  // An agent may still be active in D1 while its revocation is in progress. A delegation issued now would outlive the revocation.
  const dying = isWithdrawn({ kind: "agent", agentId: delegatorAgentId }) || isWithdrawn({ kind: "organization" });
  if (dying || delegator?.agent.status !== "active" || delegator.organization.status !== "active") {
    return { outcome: "inactive" };
  }
  if (isWithdrawn({ kind: "agent", agentId: delegateeAgentId }) || delegatee?.agent.status !== "active") {
    return { outcome: "delegatee_unavailable" };
  }
  const grantable = grantableTo(delegator);
  const outside = scopes.filter((scope) => !grantable.includes(scope));
  if (outside.length > 0) return { outcome: "scopes_withdrawn", outside };
  const expiresAtMs = issuedAtMs + ttlSeconds * 1000;
  const chainId = newId<DelegationId>(issuedAtMs);
  parts.delegations.add({ chainId, delegatorAgentId, delegateeAgentId, credentialId, scopes, expiresAtMs });
  await parts.settled();
  return { outcome: "delegated", chainId, issuedAtMs, expiresAtMs };
}
