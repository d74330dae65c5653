/** Erases a decommissioned agent: what its record says of people is replaced. Its id, its DID and its audit events stay. */
import { refuseTakeover } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { removeAnswersAbout } from "../../access/idempotency/service.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import type { Context } from "../../platform/context.ts";
import { nextVersion, untilWritten } from "../../platform/db/conditional.ts";
import { type Preconditions, refuseUnmet } from "../../platform/http/entity-tags.ts";
import type { AgentId } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { eraseInDeliveries } from "../../tenancy/webhooks/service.ts";
import { erasedTexts } from "./erased.ts";
import { eventData, publicAgent } from "./public-agent.ts";
import type { Agent } from "./schema.ts";
import { type AgentRecord, findAgent, updateAgent } from "./store.ts";

/** The deliveries that the request itself changes; the scheduled run changes the others. An agent rarely has more. */
const deliveriesAtOnce = 500;

/**
 * Replaces the e-mail and the owner of a decommissioned agent, and removes its description. Also in the stored deliveries of
 * its events. Removes the kept answers about it. An agent that is erased already is returned as it is.
 *
 * @returns `AGENT_NOT_DECOMMISSIONED`, `PRECONDITION_FAILED`, and `FORBIDDEN` for an agent that the caller could not take over
 */
export async function eraseAgent(
  context: Context,
  caller: Caller,
  agentId: AgentId,
  preconditions: Preconditions,
): Promise<Result<Agent>> {
  return untilWritten(() => attempt(context, caller, agentId, preconditions));
}

async function attempt(
  context: Context,
  caller: Caller,
  agentId: AgentId,
  preconditions: Preconditions,
): Promise<Result<Agent> | null> {
  const before = await findAgent(context, caller.organizationId, agentId);
  if (!before) return problem("AGENT_NOT_FOUND");
  if (before.status !== "decommissioned") return problem("AGENT_NOT_DECOMMISSIONED");
  const refused = refuseTakeover(caller, before) ?? refuseUnmet(preconditions, publicAgent(context, before));
  if (refused) return refused;
  if (before.erasedAt !== null) return ok(publicAgent(context, before));

  const erased = erasedTexts(agentId);
  const updatedAt = nextVersion(context, before);
  // The scheduled run comes back to the agent: an event or an attempt under way can still bring its texts into a delivery.
  const change = { ...erased, description: null, erasedAt: updatedAt, clearedAt: null, updatedAt };
  const after: AgentRecord = { ...before, ...change };
  const event = newEvent(context, actorOf(context, caller), {
    organizationId: before.organizationId,
    action: "agent.erased",
    agentId,
    target: agentId,
    details: {},
    data: eventData(context, after),
  });
  const also = [
    eraseInDeliveries(context, [{ agentId, ...erased }], deliveriesAtOnce),
    ...removeAnswersAbout(context, [agentId]),
  ];
  const written = await commitChange(context, [updateAgent(context, before, change)], [event], also);
  return written && ok(publicAgent(context, after));
}
