/** The agent that introspects or revokes a token: with an access token, or as an authenticated client. */

import type { RateHeaders } from "../../access/app-env.ts";
import type { Context } from "../../platform/context.ts";
import type { AgentId, CredentialId, OrganizationId, Scope } from "../../platform/ids.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { authenticateBearer } from "./bearer.ts";
import { authenticateClient, type ClientRequest, readClient } from "./client-authentication.ts";

export interface Asker {
  readonly agentId: AgentId;
  readonly organizationId: OrganizationId;
  readonly credentialId: CredentialId | null;
  /** The platform scopes that it has for this request. */
  readonly scopes: readonly Scope[];
}

/** An admitted request. It counts as a call of the organization. */
export interface AdmittedAsker {
  readonly organizationId: OrganizationId;
  readonly headers: RateHeaders;
  readonly asker: Asker;
}

/**
 * Admits an agent that introspects or revokes: by access token where the `Authorization` header has one, by client
 * authentication otherwise. With client authentication it has every platform scope that it can have.
 *
 * @param request the request as such, which a proof of possession is bound to
 * @param exempt whether the call is admitted over the limits too
 */
export async function admitAsker(
  context: Context,
  request: Request,
  client: ClientRequest,
  { exempt }: { readonly exempt: boolean },
): Promise<Result<AdmittedAsker>> {
  if (/^(Bearer|DPoP)\b/i.test(client.authorization ?? "")) {
    const admitted = await authenticateBearer(context, request, { exempt });
    if (!admitted.ok) return admitted;
    const { caller, headers } = admitted.value;
    // With lent authority the delegatee introspects: a delegator does not lend what it may do because it is itself.
    const asker = { ...caller, agentId: caller.delegation?.actorAgentId ?? caller.agentId };
    return ok({ organizationId: caller.organizationId, headers, asker });
  }
  const presented = readClient(context, client);
  if (!presented.ok) return presented;
  const authenticated = await authenticateClient(context, presented.value, exempt ? "exempt_call" : "call");
  if (!authenticated.ok) return authenticated;
  const { client: agent, headers } = authenticated.value;
  return ok({ organizationId: agent.organizationId, headers, asker: { ...agent, scopes: agent.platformScopes } });
}
