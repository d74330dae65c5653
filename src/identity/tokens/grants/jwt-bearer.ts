/** The JWT bearer grant (RFC 7523 2.1): a workload exchanges the token of its platform for an access token. */
import { ledgerOf } from "../../../ledger/client.ts";
import type { Refused, Throttled } from "../../../ledger/contract.ts";
import type { Context } from "../../../platform/context.ts";
import type { OrganizationId } from "../../../platform/ids.ts";
import { type Problem, problem } from "../../../platform/problems/problems.ts";
import { ok, type Result } from "../../../platform/problems/result.ts";
import { identifyWorkload, type RefusedWorkload } from "../../workloads/service.ts";
import { authenticateClient, presentsClient, readClient, refusal } from "../client-authentication.ts";
import { brakedRefusal, noteUnknownClient } from "../flood-brake.ts";
import { type IssuedToken, issueThroughLedger } from "../issue.ts";
import { optionalParameter } from "../schema.ts";
import { findOrganizationOfClient } from "../store.ts";
import type { Grant, GrantRequest } from "./grant.ts";

const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";

const parameters = {
  assertion: optionalParameter.openapi({
    description:
      "With the grant `urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523): the OIDC token of a workload. `client_id` names the agent",
  }),
};

type Request = GrantRequest<typeof parameters>;

const missing = (message: string) => problem("VALIDATION_ERROR", message, { oauthError: "invalid_request" });

/** RFC 6749 5.2. The same answer for every reason, so that the policies cannot be probed. */
function notAccepted(outcome: Refused | Throttled): Problem {
  if (outcome.outcome === "throttled") return refusal(outcome);
  return problem("UNAUTHORIZED", "The assertion is not accepted.", {
    oauthError: "invalid_grant",
    hint: "The audit log of the agent's organization has the reason: `GET /api/v1/audit?action=token.refused`.",
  });
}

/** The agent that the request names. Authentication is optional, but where it is present it must hold (RFC 7523 3.1). */
async function agentNamedBy(context: Context, request: Request): Promise<Result<string>> {
  if (presentsClient(request)) {
    const presented = readClient(context, request);
    if (!presented.ok) return presented;
    const authenticated = await authenticateClient(context, presented.value, "nothing");
    return authenticated.ok ? ok(authenticated.value.client.agentId) : authenticated;
  }
  const { client_id } = request.form;
  return client_id === undefined
    ? missing("client_id is missing. It names the agent to sign in as.")
    : ok(client_id.toLowerCase().slice(0, 64));
}

/** The refusal goes to the log of the agent's organization. */
async function refuse(
  context: Context,
  organizationId: OrganizationId,
  clientId: string,
  { reason, details }: RefusedWorkload,
): Promise<Problem> {
  const { source } = context;
  const refused = { clientId, reason, source, details: { grant: grantType, ...details } };
  const refuseInLedger = (stopped: number) => ledgerOf(context, organizationId).refuseWorkload({ ...refused, stopped });
  return notAccepted(await brakedRefusal(context, clientId, refuseInLedger));
}

/** The refusal of a client id that does not exist. */
const unknownClient = (context: Context): Problem =>
  notAccepted(noteUnknownClient(context.source, context.now()) ?? { outcome: "refused", reason: "unknown_client" });

/** Signs a workload in as the agent that `client_id` names, if a trust policy of that agent fits. */
async function issue(context: Context, request: Request): Promise<Result<IssuedToken>> {
  const { scopes, target, proof, form } = request;
  if (form.assertion === undefined) return missing("assertion is missing.");
  const named = await agentNamedBy(context, request);
  if (!named.ok) return named;
  const judge = await findOrganizationOfClient(context, named.value);
  if (!judge) return unknownClient(context);
  const workload = await identifyWorkload(context, form.assertion, named.value);
  if (workload.outcome === "refused") return refuse(context, judge, named.value, workload);
  const { organizationId, agentId, presented } = workload;
  return issueThroughLedger(
    context,
    { organizationId, agentId, presented, grant: grantType, scopes, target, proof, chainId: null },
    notAccepted,
  );
}

export const jwtBearer: Grant<typeof parameters> = { grantType, label: "jwt_bearer", parameters, issue };
