/** Decommissions an agent. It is final; the record stays for the audit. */

import { refuseTakeover } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { removeSecretsAbout } from "../../access/idempotency/service.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import type { HeldTarget } from "../../ledger/contract.ts";
import { commitHeld, withdraw } from "../../ledger/held-change.ts";
import type { Context } from "../../platform/context.ts";
import { nextVersion, untilWritten } from "../../platform/db/conditional.ts";
import { type Preconditions, refuseUnmet } from "../../platform/http/entity-tags.ts";
import type { AgentId } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { credentialsToRevoke, keepUsableAdmin } from "../credentials/service.ts";
import { delegationsEndedBy } from "../delegation/service.ts";
import { eventData, publicAgent } from "./public-agent.ts";
import { type AgentRecord, findAgent, updateAgent } from "./store.ts";

/**
 * Decommissions an agent: its tokens end before this returns, its credentials are revoked, the kept answers
 * with their secrets are removed, and it no longer counts against the limit.
 *
 * @returns `AGENT_ALREADY_DECOMMISSIONED` the second time, `PRECONDITION_FAILED`, `FORBIDDEN` for an agent that the caller could not take over
 *   and for the last usable admin
 */
export async function decommissionAgent(
  context: Context,
  caller: Caller,
  agentId: AgentId,
  preconditions: Preconditions,
): Promise<Result<undefined>> {
  return untilWritten(() => attempt(context, caller, agentId, preconditions));
}

async function attempt(
  context: Context,
  caller: Caller,
  agentId: AgentId,
  preconditions: Preconditions,
): Promise<Result<undefined> | null> {
  const before = await findAgent(context, caller.organizationId, agentId);
  if (!before) return problem("AGENT_NOT_FOUND");
  if (before.status === "decommissioned") return problem("AGENT_ALREADY_DECOMMISSIONED");
  const refused = refuseTakeover(caller, before);
  if (refused) return refused;
  const { organizationId } = before;
  const admin = keepUsableAdmin(context, { organizationId, agentId, lost: "admin" });
  const last = (await admin.refuse()) ?? refuseUnmet(preconditions, publicAgent(context, before));
  if (last) return last;

  const subject: HeldTarget = { kind: "agent", agentId };
  const hold = await withdraw(context, organizationId, subject);

  const updatedAt = nextVersion(context, before);
  const after: AgentRecord = { ...before, status: "decommissioned", updatedAt };
  const credentials = await credentialsToRevoke(context, agentId);
  const event = newEvent(context, actorOf(context, caller), {
    organizationId,
    action: "agent.decommissioned",
    agentId,
    target: agentId,
    details: { revokedCredentials: credentials.ids },
    data: eventData(context, after),
  });
  const written = await commitHeld(
    context,
    hold,
    [updateAgent(context, before, { status: "decommissioned", updatedAt }, [credentials.noneBeside, admin.remains])],
    [event],
    [
      credentials.revokeIfChanged(updatedAt),
      delegationsEndedBy(context, organizationId, subject),
      removeSecretsAbout(context, [agentId]),
    ],
  );
  return written && ok();
}
