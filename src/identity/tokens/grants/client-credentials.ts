/** The client credentials grant (RFC 6749 4.4): an agent signs in and acts for itself. */
import type { Context } from "../../../platform/context.ts";
import type { AgentId } from "../../../platform/ids.ts";
import type { Result } from "../../../platform/problems/result.ts";
import { organizationOfClient, readClient } from "../client-authentication.ts";
import { type IssuedToken, issueThroughLedger } from "../issue.ts";
import type { Grant, GrantRequest } from "./grant.ts";

const grantType = "client_credentials";

/** Signs an agent in with its secret or its own key. */
async function issue(context: Context, request: GrantRequest): Promise<Result<IssuedToken>> {
  const client = readClient(context, request);
  if (!client.ok) return client;
  const { clientId, presented } = client.value;
  const organization = await organizationOfClient(context, clientId);
  if (!organization.ok) return organization;
  const { scopes, target, proof } = request;
  return issueThroughLedger(context, {
    organizationId: organization.value,
    agentId: clientId as AgentId,
    presented,
    grant: grantType,
    scopes,
    target,
    proof,
    chainId: null,
  });
}

export const clientCredentials: Grant = { grantType, label: "client_credentials", parameters: {}, issue };
