import type { Authenticate, Authenticators } from "../../src/access/app-env.ts";
import type { Caller } from "../../src/access/caller.ts";
import type { AgentId, OrganizationId, Scope, TokenId } from "../../src/platform/ids.ts";
import { problem } from "../../src/platform/problems/problems.ts";

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

/** The same function authenticates everywhere; a client secret is refused. */
export function authenticatorsOf(bearer: Authenticate) {
  const all: Authenticators = {
    bearer,
    isPresented: (request) => request.headers.has("Authorization"),
    newestSecret: async () => problem("UNAUTHORIZED"),
  };
  return { api: all, console: all };
}
