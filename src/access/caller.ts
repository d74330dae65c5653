/** Who is calling, once the bearer token has been accepted. Everything here comes from the token or from our records, never from a body. */
import type { AgentId, CredentialId, DelegationId, OrganizationId, Scope, TokenId } from "../platform/ids.ts";

export interface Caller {
  /** The agent whose authority the call has. */
  readonly agentId: AgentId;
  /**
   * Set when another agent acts with lent authority. It may do what the scopes say; what an agent may do only because it is
   * itself (rotate its own credential, delegate) it may not.
   */
  readonly delegation: { readonly chainId: DelegationId; readonly actorAgentId: AgentId } | null;
  readonly organizationId: OrganizationId;
  /** null where the token was not issued for a stored credential. */
  readonly credentialId: CredentialId | null;
  readonly tokenId: TokenId;
  readonly scopes: readonly Scope[];
  /** The agent's role in its organization; null when it was removed from the members. */
  readonly role: "member" | "admin" | null;
  /** Whether the organization is the one that runs the service. */
  readonly isOperator: boolean;
}

/** Whether the caller is this agent itself, and not somebody who acts with its authority. */
export function isSelf(caller: Pick<Caller, "agentId" | "delegation">, agentId: AgentId): boolean {
  return caller.delegation === null && caller.agentId === agentId;
}
