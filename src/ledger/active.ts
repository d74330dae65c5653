/** Whether tokens and delegations are active: not revoked, and the agents behind them active. */
import { isLendable, isPlatformScope } from "../access/scopes.ts";
import type { AgentId, CredentialId, DelegationId } from "../platform/ids.ts";
import type { TokenFacts } from "./contract.ts";
import type { Delegation } from "./delegations.ts";
import { findApi, grantableFor, holdingsOf } from "./grantable.ts";
import type { Parts } from "./parts.ts";
import type { Principal } from "./principals.ts";
import { issueMsOf, revocationKey } from "./revocations.ts";

/** Whether the agent and its organization are active, and the agent still has the credential that was used, if any. */
function isActive(
  { agent, organization, credentials, policies }: Principal,
  credentialId: CredentialId | null,
): boolean {
  const hasCredential = credentialId === null || [...credentials, ...policies].some(({ id }) => id === credentialId);
  return agent.status === "active" && organization.status === "active" && hasCredential;
}

const credentialKeys = (id: CredentialId | null) => (id === null ? [] : [revocationKey.credential(id)]);

const unboundKeys = ({ bound }: TokenFacts, id: AgentId) => (bound ? [] : [revocationKey.unbound(id)]);

/**
 * Whether version 0.1.0 made the delegation, and it lends what cannot be lent in this form any more: a capability without its
 * resource, or a scope that changes authority. The migration has ended its record in D1.
 */
const isOutdated = ({ tokenId, scopes }: Delegation): boolean =>
  tokenId === undefined && !scopes.every((scope) => isPlatformScope(scope) && isLendable(scope));

/** The present state of a delegation. */
export type DelegationStatus =
  | { readonly active: true; readonly delegation: Delegation; readonly delegator: Principal }
  /** `endedAtMs`: the time of its revocation, in milliseconds; null without one, or for an unknown delegation. */
  | { readonly active: false; readonly endedAtMs: number | null };

/**
 * Whether a delegation is active: not expired, not revoked, both agents active, and the delegator may be granted its scopes for
 * its resource at this moment. A resource that was deleted and registered again has another id.
 */
export async function delegationStatus(parts: Parts, chainId: DelegationId): Promise<DelegationStatus> {
  const delegation = parts.delegations.find(chainId);
  if (!delegation || isOutdated(delegation)) return { active: false, endedAtMs: null };
  const { delegatorAgentId, delegateeAgentId, credentialId, resource, scopes, expiresAtMs } = delegation;
  const find = (agentId: typeof delegatorAgentId) => parts.principals.find(parts.organizationId, agentId, Date.now());
  const [delegator, delegatee, api] = await Promise.all([
    find(delegatorAgentId),
    find(delegateeAgentId),
    findApi(parts, resource?.key ?? null, Date.now()),
  ]);
  const endedAtMs = parts.revocations.cutOffAt(
    [
      revocationKey.organization,
      revocationKey.delegation(chainId),
      revocationKey.agent(delegatorAgentId),
      revocationKey.agent(delegateeAgentId),
      ...credentialKeys(credentialId),
      ...scopes.map((scope) => revocationKey.scope(delegatorAgentId, scope)),
    ],
    issueMsOf(chainId),
  );
  const areActive =
    delegator !== null && delegatee !== null && isActive(delegator, credentialId) && isActive(delegatee, null);
  if (endedAtMs !== null || !areActive || expiresAtMs <= Date.now()) return { active: false, endedAtMs };
  if (api?.resource?.id !== resource?.id) return { active: false, endedAtMs };
  const grantable = api && grantableFor(api, parts.organizationId, holdingsOf(delegator), Date.now());
  if (!scopes.every((scope) => grantable?.includes(scope))) return { active: false, endedAtMs };
  return { active: true, delegation, delegator };
}

/**
 * The subject of an active token; null when the token is revoked, or when an agent or the organization behind it is not active.
 */
export async function activeSubject(parts: Parts, token: TokenFacts): Promise<Principal | null> {
  const { organizationId, principals, revocations } = parts;
  const client = await principals.find(organizationId, token.agentId, Date.now());
  const cutOff = revocations.cutOffAt(
    [
      revocationKey.organization,
      revocationKey.agent(token.agentId),
      revocationKey.token(token.tokenId),
      revocationKey.signingKey(token.signingKeyId),
      ...credentialKeys(token.credentialId),
      ...unboundKeys(token, token.agentId),
    ],
    issueMsOf(token.tokenId),
  );
  if (!client || cutOff !== null || revocations.isForgotten(token)) return null;
  if (!isActive(client, token.credentialId)) return null;
  if (client.agent.dpopRequired && !token.bound) return null;
  if (token.chainId === null) return client;
  const status = await delegationStatus(parts, token.chainId);
  if (!status.active) return null;
  const { delegator } = status;
  const keys = unboundKeys(token, delegator.agent.id);
  const isEnded = keys.length > 0 && revocations.cutOffAt(keys, issueMsOf(token.tokenId)) !== null;
  return isEnded || (delegator.agent.dpopRequired && !token.bound) ? null : delegator;
}

/**
 * Revokes a token, and the delegations and the sessions of the console that were made with it. Returns false when it was revoked
 * already.
 */
export function revokeWithDelegations(parts: Parts, token: TokenFacts): boolean {
  const { delegations, linkedSessions, revocations } = parts;
  // Read before the first change: a read that fails after it would leave a token revoked without its event.
  const made = delegations.madeWith(token.tokenId);
  const sessions = linkedSessions.madeWith(token.tokenId);
  if (!revocations.revokeToken(token)) return false;
  const nowMs = Date.now();
  for (const chainId of made) revocations.cutOff({ kind: "delegation", chainId }, nowMs);
  // A session makes no link, so this ends.
  for (const session of sessions) revokeWithDelegations(parts, session);
  return true;
}
