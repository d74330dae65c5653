/** Client authentication: the throttle before it, and the audit event and the count of failures after it. */
import { capabilitiesOf, platformScopesOf } from "../access/scopes.ts";
import type { DomainEvent } from "../events/catalogue.ts";
import type { AgentId } from "../platform/ids.ts";
import type {
  AuthenticatedClient,
  ClientAuthenticationRequest,
  ClientOutcome,
  Counting,
  Refused,
  Throttled,
  WorkloadRefusal,
} from "./contract.ts";
import { type Charge, type Charged, charge } from "./limits.ts";
import { appendEvent, type Parts } from "./parts.ts";
import type { Principal } from "./principals.ts";
import { type SignIn, signIn } from "./sign-in.ts";
import type { Used } from "./single-use.ts";

/** The name of a refused attempt in the audit log. */
export type Refusal = "token.refused" | "client.refused";

function described(parts: Parts, { agent, organization }: Principal, { credentialId }: SignIn & { ok: true }) {
  const client: AuthenticatedClient = {
    agentId: agent.id,
    organizationId: parts.organizationId,
    credentialId,
    role: agent.role,
    isOperator: organization.isOperator,
    email: agent.email,
    agentType: agent.agentType,
    idTokenAlg: agent.idTokenSignedResponseAlg,
    platformScopes: platformScopesOf(agent),
    capabilities: capabilitiesOf(agent),
  };
  return client;
}

/** A successful client authentication. */
export interface Authenticated {
  readonly outcome: "authenticated";
  readonly client: AuthenticatedClient;
  readonly principal: Principal;
  readonly used: Used | null;
}

/** Records a failed attempt: counts it, and appends the event unless there is a flood of them. */
async function refuse(
  parts: Parts,
  { agentId, source }: Pick<ClientAuthenticationRequest, "agentId" | "source">,
  { reason, principal }: Pick<SignIn & { ok: false }, "reason" | "principal">,
  action: Refusal,
  details: DomainEvent["details"],
): Promise<Refused | Throttled> {
  const noted = parts.admission.noteFailure(agentId, source, Date.now());
  if (!noted.record && noted.closedSeconds > 0) return { outcome: "throttled", retryAfterSeconds: noted.closedSeconds };
  if (noted.record) {
    appendEvent(parts, action, {
      agentId: principal ? agentId : null,
      actor: { agentId: null, ...source },
      target: agentId,
      details: { ...details, reason, ...(noted.closedSeconds > 0 ? { closedSeconds: noted.closedSeconds } : {}) },
      outcome: "failure",
    });
    await parts.settled();
  }
  return { outcome: "refused", reason };
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
  const { agentId, source, presented } = request;
  const wait = parts.admission.secondsUntilOpen(agentId, source, Date.now());
  if (wait > 0) return { outcome: "throttled", retryAfterSeconds: wait };
  const outcome = await signIn(parts, request);
  if (!outcome.ok) return refuse(parts, request, outcome, refusal, details);
  const { principal, credentialId, used } = outcome;
  if (presented.kind === "secret" && credentialId) parts.usage.use(credentialId, Date.now());
  return { outcome: "authenticated", client: described(parts, principal, outcome), principal, used };
}

/** Counts a client's request. Over a limit, the client may repeat the request later with the same assertion or token. */
export function chargeClient(parts: Parts, { principal, used }: Authenticated, kind: Charge, exempt: boolean): Charged {
  const charged = charge(parts, principal, kind, exempt);
  if (charged.outcome === "limited" && used) parts.singleUse.giveBack(used);
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
  const agentId = clientId as AgentId;
  const wait = parts.admission.secondsUntilOpen(agentId, source, Date.now());
  if (wait > 0) return { outcome: "throttled", retryAfterSeconds: wait };
  const principal = await parts.principals.find(parts.organizationId, agentId, Date.now());
  return refuse(parts, { agentId, source }, { reason, principal }, "token.refused", details);
}
