/** Who asks about a token, or revokes it: an agent with an access token, or an authenticated client. */

import type { RateHeaders } from "../../access/app-env.ts";
import { refuseWithoutScope } from "../../access/authority.ts";
import type { Context } from "../../platform/context.ts";
import type { AgentId, CredentialId, OrganizationId, Scope } from "../../platform/ids.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { authenticateBearer } from "./bearer.ts";
import { authenticateClient, type ClientRequest, readClient } from "./client-authentication.ts";

export interface Asker {
  readonly agentId: AgentId;
  readonly organizationId: OrganizationId;
  readonly credentialId: CredentialId | null;
  /** What it may do with tokens of others. */
  readonly scopes: readonly Scope[];
}

/** A request that was let in, and counted as a call of an organization. */
export interface AdmittedAsker {
  readonly organizationId: OrganizationId;
  readonly headers: RateHeaders;
  /** `FORBIDDEN` for an access token without the scope that is needed; the call counts all the same. */
  readonly asker: Result<Asker>;
}

/**
 * Lets an asker in: by access token where the `Authorization` header has one, by client authentication otherwise. A client
 * may do what it may be granted.
 *
 * @param request the request as such, which a proof of possession is bound to
 * @param requiredScope what an access token must carry; null for revoking, which stays possible over the limits
 */
export async function admitAsker(
  context: Context,
  request: Request,
  client: ClientRequest,
  requiredScope: "tokens:read" | null,
): Promise<Result<AdmittedAsker>> {
  const exempt = requiredScope === null;
  if (/^(Bearer|DPoP)\b/i.test(client.authorization ?? "")) {
    const admitted = await authenticateBearer(context, request, { exempt });
    if (!admitted.ok) return admitted;
    const { caller, headers } = admitted.value;
    const { organizationId } = caller;
    const refused = requiredScope === null ? null : refuseWithoutScope(caller, requiredScope);
    // With lent authority it is the delegatee who asks: what an agent may do because it is itself is not lent.
    const asker = refused ?? ok({ ...caller, agentId: caller.delegation?.actorAgentId ?? caller.agentId });
    return ok({ organizationId, headers, asker });
  }
  const presented = readClient(context, client);
  if (!presented.ok) return presented;
  const authenticated = await authenticateClient(context, presented.value, exempt ? "exempt_call" : "call");
  if (!authenticated.ok) return authenticated;
  const { client: agent, headers } = authenticated.value;
  return ok({ organizationId: agent.organizationId, headers, asker: ok({ ...agent, scopes: agent.platformScopes }) });
}
