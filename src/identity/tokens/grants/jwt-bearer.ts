/** The JWT bearer grant (RFC 7523 2.1): a workload turns the token that its own platform gave it into an access token. */
import { ledgerOf } from "../../../ledger/client.ts";
import type { Refused, Throttled } from "../../../ledger/contract.ts";
import type { Context } from "../../../platform/context.ts";
import { type Problem, problem } from "../../../platform/problems/problems.ts";
import { ok, type Result } from "../../../platform/problems/result.ts";
import { identifyWorkload, type RefusedWorkload } from "../../workloads/service.ts";
import {
  authenticateClient,
  organizationJudging,
  presentsClient,
  readClient,
  refusal,
} from "../client-authentication.ts";
import { type IssuedToken, issueThroughLedger } from "../issue.ts";
import { optionalParameter } from "../schema.ts";
import { organizationOfUnknownClients } from "../store.ts";
import type { Grant, GrantRequest } from "./grant.ts";

const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";

const parameters = {
  assertion: optionalParameter.openapi({
    description:
      "With the grant `urn:ietf:params:oauth:grant-type:jwt-bearer` (RFC 7523): the OIDC token of a workload that a trust policy names",
  }),
};

type Request = GrantRequest<typeof parameters>;

/** What a workload sees when it is not let in (RFC 6749 5.2): the same for every reason, so that nobody can probe the policies. */
function notAccepted(outcome: Refused | Throttled): Problem {
  if (outcome.outcome === "throttled") return refusal(outcome);
  return problem("UNAUTHORIZED", "The assertion is not accepted.", { oauthError: "invalid_grant" });
}

/** The agent that the request asks for, or null. Authentication is not needed, but where it is there it must hold (RFC 7523 3.1). */
async function askedFor(context: Context, request: Request): Promise<Result<string | null>> {
  if (!presentsClient(request)) return ok(request.form.client_id?.toLowerCase().slice(0, 64) ?? null);
  const presented = readClient(context, request);
  if (!presented.ok) return presented;
  const authenticated = await authenticateClient(context, presented.value, "nothing");
  return authenticated.ok ? ok(authenticated.value.client.agentId) : authenticated;
}

/** Whose logs have a refusal: those of the agent asked for, or of whoever else is concerned, or the operator's. */
async function judgesOf(context: Context, agentId: string | null, { concerned, issuer }: RefusedWorkload) {
  if (agentId === null && concerned.length > 0) return concerned;
  const organizationId =
    agentId === null ? await organizationOfUnknownClients(context) : await organizationJudging(context, agentId);
  return organizationId ? [{ organizationId, clientId: agentId ?? issuer ?? "unknown" }] : [];
}

async function refuse(context: Context, agentId: string | null, refused: RefusedWorkload): Promise<Problem> {
  const { reason, details } = refused;
  const judges = await judgesOf(context, agentId, refused);
  const outcomes = await Promise.all(
    judges.map(({ organizationId, clientId }) =>
      ledgerOf(context, organizationId).refuseWorkload({
        clientId,
        reason,
        source: context.source,
        details: { grant: grantType, ...details },
      }),
    ),
  );
  return notAccepted(outcomes.find(({ outcome }) => outcome === "throttled") ?? { outcome: "refused", reason });
}

/** Signs a workload in as the agent that a trust policy names. `client_id` says which agent it asks for. */
async function issue(context: Context, request: Request): Promise<Result<IssuedToken>> {
  const { scopes, target, proof, form } = request;
  if (form.assertion === undefined) {
    return problem("VALIDATION_ERROR", "assertion is missing.", { oauthError: "invalid_request" });
  }
  const asked = await askedFor(context, request);
  if (!asked.ok) return asked;
  const workload = await identifyWorkload(context, form.assertion, asked.value);
  if (workload.outcome === "refused") return refuse(context, asked.value, workload);
  const { organizationId, agentId, presented } = workload;
  return issueThroughLedger(
    context,
    { organizationId, agentId, presented, grant: grantType, scopes, target, proof, chainId: null },
    notAccepted,
  );
}

export const jwtBearer: Grant<typeof parameters> = { grantType, label: "jwt_bearer", parameters, issue };
