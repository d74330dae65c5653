/** The rules of credentials. */
import { refuseTakeover, refuseWithoutScope } from "../../access/authority.ts";
import { type Caller, isSelf } from "../../access/caller.ts";
import { answering } from "../../access/idempotency/service.ts";
import { hasScope } from "../../access/scopes.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { HeldTarget } from "../../ledger/contract.ts";
import { commitHeld, expectChange, withdraw } from "../../ledger/held-change.ts";
import type { Context } from "../../platform/context.ts";
import { type Page, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import { type AgentId, type CredentialId, credentialIdSchema } from "../../platform/ids.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import type { ScheduledPart } from "../../platform/scheduled.ts";
import { setGauge } from "../../platform/telemetry/recording.ts";
import { dayMs, isoOf } from "../../platform/time.ts";
import { delegationsEndedBy } from "../delegation/service.ts";
import { keepUsableAdmin } from "./last-admin.ts";
import { maxActive, prepareCredential } from "./prepare.ts";
import { publicCredential } from "./public-credential.ts";
import type { CreateCredential, Credential, CredentialWithSecret } from "./schema.ts";
import {
  countActiveCredentials,
  countExpiringCredentials,
  findHeldCredential,
  findHolder,
  listCredentials as listRows,
  noUnrevokedBeside,
  revokeCredentialsIfChanged,
  revokeCredential as revokeRow,
  unrevokedCredentialIds,
} from "./store.ts";

export { keepUsableAdmin, lastAdmin, scopesOfUsableAdmin } from "./last-admin.ts";
export { prepareCredential } from "./prepare.ts";
export { useRepetition } from "./repeat-rotation.ts";
export { ownRotationHint, rotateCredential } from "./rotate.ts";
export { findHolder, removeSecrets } from "./store.ts";

/** Refuses to show an agent's credentials: one's own need `agents:read`, those of another agent `agents:write` or `audit:read`. */
function refuseReading(caller: Caller, agentId: AgentId): Problem | null {
  if (hasScope(caller, "agents:write") || hasScope(caller, "audit:read")) return null;
  return refuseWithoutScope(caller, isSelf(caller, agentId) ? "agents:read" : "audit:read");
}

/**
 * The agent's credentials, newest first.
 *
 * @returns `FORBIDDEN` without the scope, also for an agent that does not exist; `VALIDATION_ERROR` for a cursor of another list
 */
export async function listCredentials(
  context: Context,
  caller: Caller,
  agentId: AgentId,
  request: PageRequest,
): Promise<Result<Page<Credential>>> {
  const refused = refuseReading(caller, agentId);
  if (refused) return refused;
  const { organizationId } = caller;
  return pageOf({ name: `credentials/${agentId}`, organizationId }, credentialIdSchema, request, {
    read: async (page) => {
      if (!(await findHolder(context, organizationId, agentId))) return problem("AGENT_NOT_FOUND");
      // The ledger has the last uses until it writes them to D1.
      await ledgerOf(context, organizationId).flush();
      return listRows(context, agentId, page);
    },
    keyOf: ({ id }) => id,
    show: (row) => publicCredential(row, context.now()),
  });
}

/**
 * Creates a credential for an agent. Only the answer has the secret.
 *
 * @returns `AGENT_ALREADY_DECOMMISSIONED`, `FORBIDDEN` when the agent holds more than the caller may grant,
 *   `CREDENTIAL_LIMIT_EXCEEDED` when it has ten active credentials
 */
export async function createCredential(
  context: Context,
  caller: Caller,
  agentId: AgentId,
  { expiresAt = null }: { readonly expiresAt?: CreateCredential["expiresAt"] | null },
): Promise<Result<CredentialWithSecret>> {
  const { organizationId } = caller;
  const agent = await findHolder(context, organizationId, agentId);
  if (!agent) return problem("AGENT_NOT_FOUND");
  if (agent.status === "decommissioned") return problem("AGENT_ALREADY_DECOMMISSIONED");
  const refused = refuseTakeover(caller, agent);
  if (refused) return refused;
  if (expiresAt !== null && expiresAt <= context.now()) {
    return invalid([{ path: "expiresAt", message: "must be in the future", received: isoOf(expiresAt) }]);
  }

  const { credential, statement, generated } = prepareCredential(context, organizationId, agentId, expiresAt);
  const hold = await expectChange(context, organizationId, agentId);
  const event = newEvent(context, actorOf(context, caller), generated);
  const answered = await answering(context, credential, agentId);
  if (!(await commitHeld(answered, hold, [statement], [event]))) return whyRefused(context, caller, agentId);
  return ok(credential);
}

/** Why the insertion wrote nothing: the agent is decommissioned by now, or has the most credentials. */
async function whyRefused(context: Context, caller: Caller, agentId: AgentId): Promise<Problem> {
  const agent = await findHolder(context, caller.organizationId, agentId);
  if (agent?.status === "decommissioned") return problem("AGENT_ALREADY_DECOMMISSIONED");
  const current = await countActiveCredentials(context, agentId, context.now());
  return problem("CREDENTIAL_LIMIT_EXCEEDED", `An agent may have ${maxActive} active credentials; revoke one first.`, {
    details: { limit: "maxActiveCredentials", max: maxActive, current },
  });
}

/**
 * Revokes a credential, and the tokens that were issued for it before this returns.
 *
 * @returns `CREDENTIAL_ALREADY_REVOKED` the second time, `AGENT_ALREADY_DECOMMISSIONED`, `FORBIDDEN` for an agent that
 *   the caller could not take over, and for the last way in of the last usable admin
 */
export async function revokeCredential(
  context: Context,
  caller: Caller,
  agentId: AgentId,
  credentialId: CredentialId,
): Promise<Result<undefined>> {
  const { organizationId } = caller;
  const found = await findHeldCredential(context, organizationId, agentId, credentialId);
  if (!found) return problem("AGENT_NOT_FOUND");
  const { holder: agent, credential } = found;
  if (!credential) return problem("CREDENTIAL_NOT_FOUND");
  if (agent.status === "decommissioned") return problem("AGENT_ALREADY_DECOMMISSIONED");
  const refused = refuseTakeover(caller, agent);
  if (refused) return refused;
  if (credential.revokedAt !== null) return problem("CREDENTIAL_ALREADY_REVOKED");

  const admin = keepUsableAdmin(context, { organizationId, agentId, lost: { credentialId } });
  const last = await admin.refuse();
  if (last) return last;
  const subject: HeldTarget = { kind: "credential", agentId, credentialId };
  const hold = await withdraw(context, organizationId, subject);
  const event = newEvent(context, actorOf(context, caller), {
    organizationId,
    action: "credential.revoked",
    agentId,
    target: credentialId,
    details: {},
    data: { credentialId, agentId },
  });
  const revoked = await commitHeld(
    context,
    hold,
    [revokeRow(context, credentialId, context.now(), admin.remains)],
    [event],
    [delegationsEndedBy(context, organizationId, subject)],
  );
  return revoked ? ok() : ((await admin.refuse()) ?? problem("CREDENTIAL_ALREADY_REVOKED"));
}

/**
 * The part of an agent's decommissioning that concerns its credentials.
 *
 * @returns `ids` of those that are not revoked; `noneBeside`, a condition that fails once there is another one; and
 *   `revokeIfChanged`, the statement that revokes all of them if the one before it changed a row
 */
export async function credentialsToRevoke(context: Pick<Context, "db">, agentId: AgentId) {
  const ids = await unrevokedCredentialIds(context, agentId);
  return {
    ids,
    noneBeside: noUnrevokedBeside(context, agentId, ids),
    revokeIfChanged: (revokedAt: number) => revokeCredentialsIfChanged(context, agentId, revokedAt),
  };
}

/** How long before its end a credential expires soon, in milliseconds. */
export const expiringSoonMs = 7 * dayMs;

/**
 * The number of credentials of all organizations that expire within 7 days. Those of a suspended agent count, because an admin can
 * rotate them; those of decommissioned agents and of suspended or deleted organizations do not, because no one can.
 */
export function countCredentialsExpiringSoon(context: Context): Promise<number> {
  const nowMs = context.now();
  return countExpiringCredentials(context, nowMs, nowMs + expiringSoonMs);
}

export const measureExpiringCredentials: ScheduledPart = {
  name: "expiring_credentials",
  queries: 2,
  async run(context) {
    setGauge("agentidp_credentials_expiring_soon", {}, await countCredentialsExpiringSoon(context));
    return 0;
  },
};
