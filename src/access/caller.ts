/** The authenticated caller. Every value comes from the token or from our records, never from a body. */
import type { AgentId, CredentialId, DelegationId, OrganizationId, Scope, TokenId } from "../platform/ids.ts";

export interface Caller {
  /** The agent whose authority the call has. */
  readonly agentId: AgentId;
  /** Set when another agent, the actor, acts for `agentId`. It may not do what only the agent itself may: see `isSelf`. */
  readonly delegation: { readonly chainId: DelegationId; readonly actorAgentId: AgentId } | null;
  readonly organizationId: OrganizationId;
  /** null when the token was not issued for a stored credential. */
  readonly credentialId: CredentialId | null;
  readonly tokenId: TokenId;
  readonly scopes: readonly Scope[];
  /** The capabilities of the agent at this moment, whatever its token carries. */
  readonly capabilities: readonly Scope[];
  /** The agent's role in its organization; null when it is not a member. */
  readonly role: "member" | "admin" | null;
  /** Whether the organization is the operator's. */
  readonly isOperator: boolean;
}

/** Whether the caller is this agent itself, not another agent that acts for it (RFC 8693 4.1). */
export function isSelf(caller: Pick<Caller, "agentId" | "delegation">, agentId: AgentId): boolean {
  return caller.delegation === null && caller.agentId === agentId;
}
