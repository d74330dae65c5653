/** Client authentication, and what follows a failure: its audit event, and the throttle of further failures. */
import type { DomainEvent } from "../events/catalogue.ts";
import type { AgentId, CredentialId } from "../platform/ids.ts";
import { isoOf } from "../platform/time.ts";
import type {
  AuthenticatedClient,
  ClientAuthenticationRequest,
  ClientOutcome,
  Counting,
  Presented,
  Refused,
  Throttled,
  WorkloadRefusal,
} from "./contract.ts";
import { holdingsOf } from "./grantable.ts";
import { type Charge, type Charged, charge } from "./limits.ts";
import { appendEvent, type Parts } from "./parts.ts";
import type { Principal } from "./principals.ts";
import { type SignIn, signIn } from "./sign-in.ts";
import type { Used } from "./single-use.ts";

/** The name of a refused attempt in the audit log. */
export type Refusal = "token.refused" | "client.refused";

/** @param credentialId the credential or trust policy of the sign-in; null for the agent's own key */
export function described(
  parts: Pick<Parts, "organizationId">,
  { agent, organization }: Principal,
  credentialId: CredentialId | null,
): AuthenticatedClient {
  return {
    agentId: agent.id,
    organizationId: parts.organizationId,
    credentialId,
    role: agent.role,
    isOperator: organization.isOperator,
    email: agent.email,
    agentType: agent.agentType,
    idTokenAlg: agent.idTokenSignedResponseAlg,
    ...holdingsOf({ agent }),
  };
}

/** A successful client authentication. */
export interface Authenticated {
  readonly outcome: "authenticated";
  readonly client: AuthenticatedClient;
  readonly principal: Principal;
  readonly used: Used | null;
}

type Failure = Pick<SignIn & { ok: false }, "reason" | "details" | "principal" | "isProven" | "findReason">;

/**
 * Counts a failed attempt, and appends its event unless there are too many. Only failures are throttled: a right secret was
 * compared before, and is accepted also while others fail.
 */
async function refuse(
  parts: Parts,
  { agentId, source }: Pick<ClientAuthenticationRequest, "agentId" | "source">,
  method: Presented["kind"],
  { principal, ...failure }: Failure,
  action: Refusal,
  details: DomainEvent["details"],
): Promise<Refused | Throttled> {
  const { record, throttled, retryAfterSeconds } = parts.admission.noteFailure(agentId, method, source, Date.now());
  let { reason } = failure;
  if (record) {
    reason = (await failure.findReason?.()) ?? reason;
    appendEvent(parts, action, {
      agentId: principal ? agentId : null,
      actor: { agentId: null, ...source },
      target: agentId,
      details: {
        ...details,
        ...failure.details,
        reason,
        ...(retryAfterSeconds > 0 ? { closedSeconds: retryAfterSeconds } : {}),
      },
      outcome: "failure",
    });
    await parts.settled();
  } else {
    parts.wake();
  }
  const proven = failure.isProven ? ({ isProven: true } as const) : {};
  return throttled ? { outcome: "throttled", retryAfterSeconds, ...proven } : { outcome: "refused", reason, ...proven };
}

/** Counts the refusals that an isolate has stopped among those that the audit log does not have. */
function noteStopped(parts: Parts, { stopped = 0 }: Pick<ClientAuthenticationRequest, "stopped">): void {
  if (stopped === 0) return;
  parts.admission.omit(stopped, Date.now());
  parts.wake();
}

/** Appends one event for the refusals that the audit log does not have, when their minute is over. */
export function recordOmitted(parts: Parts): void {
  const omitted = parts.admission.takeOmitted(Date.now());
  if (!omitted) return;
  appendEvent(parts, "client.refusals_omitted", {
    agentId: null,
    actor: { agentId: null, ip: "", userAgent: "" },
    target: null,
    details: { count: omitted.count, since: isoOf(omitted.sinceMs) },
    outcome: "failure",
  });
}

/**
 * Authenticates a client.
 *
 * @param details the details of the audit event of a refusal, in addition to the reason
 */
export async function authenticate(
  parts: Parts,
  request: ClientAuthenticationRequest,
  refusal: Refusal,
  details: DomainEvent["details"],
): Promise<Authenticated | Refused | Throttled> {
  const { presented } = request;
  noteStopped(parts, request);
  const outcome = await signIn(parts, request);
  if (!outcome.ok) return refuse(parts, request, presented.kind, outcome, refusal, details);
  const { principal, credentialId, used } = outcome;
  if (presented.kind === "secret" && credentialId) parts.usage.use(credentialId, Date.now());
  return { outcome: "authenticated", client: described(parts, principal, credentialId), principal, used };
}

/** Refuses a workload token that another request has used up since this one authenticated with it. */
export function refuseReplayed(
  parts: Parts,
  request: ClientAuthenticationRequest,
  { principal }: Authenticated,
  details: DomainEvent["details"],
): Promise<Refused | Throttled> {
  const failure: Failure = { reason: "workload_token_replayed", principal };
  return refuse(parts, request, request.presented.kind, failure, "token.refused", details);
}

/** Counts a client's request. Over a limit, the client may repeat the request later with the same assertion. */
export function chargeClient(parts: Parts, { principal, used }: Authenticated, kind: Charge, exempt: boolean): Charged {
  const charged = charge(parts, principal, kind, exempt);
  if (charged.outcome === "limited" && used) parts.singleUse.allowAgain(used);
  return charged;
}

/** Authenticates a client, and counts its request. */
export async function authenticateOnly(
  parts: Parts,
  request: ClientAuthenticationRequest,
  counting: Counting,
): Promise<ClientOutcome> {
  const authenticated = await authenticate(parts, request, "client.refused", {});
  if (authenticated.outcome !== "authenticated") return authenticated;
  const charged =
    counting === "nothing" ? null : chargeClient(parts, authenticated, "call", counting === "exempt_call");
  await parts.settled();
  if (charged?.outcome === "limited") return charged;
  return { outcome: "authenticated", client: authenticated.client, rate: charged?.rate ?? null };
}

/** Records that the Worker refused a workload's token before it called the ledger. */
export async function refuseWorkload(parts: Parts, refusal: WorkloadRefusal): Promise<Refused | Throttled> {
  const { clientId, reason, source, details } = refusal;
  noteStopped(parts, refusal);
  const agentId = clientId as AgentId;
  const principal = await parts.principals.find(parts.organizationId, agentId, Date.now());
  return refuse(parts, { agentId, source }, "workload", { reason, principal }, "token.refused", details);
}
