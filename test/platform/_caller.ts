import type { Caller } from "../../src/access/caller.ts";
import type { AgentId, OrganizationId, Scope, TokenId } from "../../src/platform/ids.ts";

/** A member with a token of its own. */
export const callerOf = (organizationId: string, scopes: readonly string[]): Caller => ({
  agentId: "agent" as AgentId,
  organizationId: organizationId as OrganizationId,
  credentialId: null,
  tokenId: "token" as TokenId,
  scopes: scopes as Scope[],
  capabilities: [],
  role: "member",
  isOperator: false,
  delegation: null,
});
