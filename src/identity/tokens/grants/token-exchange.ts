/** The token exchange grant (RFC 8693): the delegatee exchanges a delegation for an access token whose subject is the delegator. */
import { actorOf, newEvent } from "../../../events/outbox.ts";
import { ledgerOf } from "../../../ledger/client.ts";
import type { Context } from "../../../platform/context.ts";
import type { AgentId, OrganizationId } from "../../../platform/ids.ts";
import { type Problem, problem } from "../../../platform/problems/problems.ts";
import { ok, type Result } from "../../../platform/problems/result.ts";
import { count } from "../../../platform/telemetry/recording.ts";
import { exchangeableDelegation } from "../../delegation/service.ts";
import {
  authenticateClient,
  organizationOfClient,
  type PresentedClient,
  readClient,
} from "../client-authentication.ts";
import { type IssuedToken, invalidDelegation, issueThroughLedger } from "../issue.ts";
import { isSent } from "../parameters.ts";
import { optionalParameter } from "../schema.ts";
import type { Grant, GrantRequest } from "./grant.ts";

const grantType = "urn:ietf:params:oauth:grant-type:token-exchange";

const delegationTokenType = "urn:sentryagent:token-type:delegation";
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

const parameters = {
  subject_token: optionalParameter.openapi({
    description:
      "With the grant `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): the delegation token that the client got",
  }),
  subject_token_type: optionalParameter.openapi({ description: "`urn:sentryagent:token-type:delegation`" }),
  requested_token_type: optionalParameter.openapi({
    description: "`urn:ietf:params:oauth:token-type:access_token`, which is also what is left out means",
  }),
};

type Request = GrantRequest<typeof parameters>;

const wrong = (message: string) => problem("VALIDATION_ERROR", message, { oauthError: "invalid_request" });

/**
 * RFC 8693 2.1: the only kinds of tokens that are supported. The access token is a JWT, but `…:token-type:jwt` is refused: it requests
 * a token that is no access token (RFC 8693 3).
 */
function refuseParameters(form: Request["form"]): Problem | null {
  if (form.subject_token_type !== delegationTokenType) {
    return wrong(`subject_token_type must be ${delegationTokenType}.`);
  }
  if ((form.requested_token_type ?? accessTokenType) !== accessTokenType) {
    return wrong(`requested_token_type must be ${accessTokenType}, or left out.`);
  }
  // The delegation names its actor, which client authentication proves.
  if (isSent(form.actor_token) || isSent(form.actor_token_type)) {
    return wrong("actor_token is not supported: the actor is the client that authenticates.");
  }
  return null;
}

/** Answers a token that leads to no delegation. The client must authenticate all the same. */
async function refuse(
  context: Context,
  organizationId: OrganizationId,
  presented: PresentedClient,
): Promise<Result<never>> {
  const authenticated = await authenticateClient(context, presented, "nothing");
  if (!authenticated.ok) return authenticated;
  const { client } = authenticated.value;
  const { agentId } = client;
  const event = newEvent(context, actorOf(context, client), {
    organizationId,
    action: "token.refused",
    agentId,
    target: agentId,
    details: { grant: grantType, reason: "delegation_refused" },
    outcome: "failure",
  });
  await ledgerOf(context, organizationId).append(event);
  return invalidDelegation();
}

/** Exchanges a delegation token. The client must be its delegatee. */
async function issue(context: Context, request: Request): Promise<Result<IssuedToken>> {
  const { form, scopes, target, proof } = request;
  if (form.subject_token === undefined) return wrong("subject_token is missing.");
  const refused = refuseParameters(form);
  if (refused) return refused;
  const client = readClient(context, request);
  if (!client.ok) return client;
  const { clientId, presented } = client.value;
  const organization = await organizationOfClient(context, clientId);
  if (!organization.ok) return organization;
  const organizationId = organization.value;
  const chainId = await exchangeableDelegation(context, organizationId, form.subject_token);
  if (!chainId) return refuse(context, organizationId, client.value);
  const issued = await issueThroughLedger(context, {
    organizationId,
    agentId: clientId as AgentId,
    presented,
    grant: grantType,
    scopes,
    target,
    proof,
    chainId,
  });
  if (!issued.ok) return issued;
  count("agentidp_delegations_total", { action: "exchanged" });
  const { response, headers } = issued.value;
  return ok({ response: { ...response, issued_token_type: accessTokenType }, headers });
}

export const tokenExchange: Grant<typeof parameters> = { grantType, label: "token_exchange", parameters, issue };
