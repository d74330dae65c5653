/** The functions of delegations for routes and other rooms. */

import { refuseWithoutScope } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { hasScope } from "../../access/scopes.ts";
import type { Subscriber } from "../../events/relay.ts";
import type { RevocationTarget } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { filtered, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import { delegationIdSchema, type OrganizationId, type ResourceId } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { agentsNamed } from "../../tenancy/audit/service.ts";
import { publicDelegation } from "./public-delegation.ts";
import type { DelegationFilter, DelegationPage } from "./schema.ts";
import {
  type DelegationSelection,
  endDelegationsForResource,
  endInactiveDelegations,
  listDelegations as listRows,
} from "./store.ts";

export { checkDelegation, exchangeableDelegation, verifyDelegation } from "./check.ts";
export { delegate } from "./delegate.ts";
export { delegationsEndedByToken, endDelegation, revokeDelegation } from "./revoke.ts";
export { type ReadDelegation, readDelegation } from "./token.ts";

/** What the query selects, for this caller. */
function selectionOf(
  { agentId: callerId }: Caller,
  { of, agentId, role, status }: DelegationFilter,
): DelegationSelection {
  return of === "caller"
    ? { agentId: callerId, role, withAgentId: agentId, status }
    : { agentId: agentId ?? null, role, status };
}

/**
 * The delegations by the caller and to the caller, or all of its organization, newest first. The latter are for every token with
 * `agents:read`, a delegated one too: its delegator had the scope to lend it.
 *
 * @returns `FORBIDDEN` for a delegated caller's own ones, and for the organization's without the scope; `VALIDATION_ERROR` for a cursor
 *   of another list
 */
export async function listDelegations(
  context: Context,
  caller: Caller,
  query: PageRequest & DelegationFilter,
): Promise<Result<DelegationPage>> {
  const { organizationId, agentId } = caller;
  const { of, ...filter } = query;
  if (of === "organization") {
    const refused = refuseWithoutScope(caller, "agents:read");
    if (refused) return refused;
  } else if (caller.delegation) {
    return problem("FORBIDDEN", "An agent's delegations are listed with a token of its own.");
  }
  const nowMs = context.now();
  const name = of === "caller" ? `delegations/${agentId}` : "delegations";
  const page = await pageOf(filtered({ name, organizationId }, filter), delegationIdSchema, query, {
    read: (page) => listRows(context, organizationId, selectionOf(caller, query), { ...page, nowMs }),
    keyOf: ({ id }) => id,
    show: (row) => publicDelegation(row, nowMs),
  });
  if (!page.ok) return page;
  const ids = page.value.data.flatMap((one) => [one.delegatorAgentId, one.delegateeAgentId]);
  const agents = hasScope(caller, "agents:read") ? await agentsNamed(context, organizationId, ids) : {};
  return ok({ ...page.value, agents });
}

/**
 * The statement that records which delegations end with a change, for lists. It is the last one in the batch of the change. In the
 * ledger they have ended before, by `withdraw`.
 *
 * @example
 * ```ts
 * const hold = await withdraw(context, organizationId, subject);
 * await commitHeld(context, hold, [suspend], [event], [delegationsEndedBy(context, organizationId, subject)]);
 * ```
 */
export function delegationsEndedBy(context: Context, organizationId: OrganizationId, subject: RevocationTarget) {
  return endInactiveDelegations(context, organizationId, subject, context.now());
}

/**
 * Records which delegations end with their organization, and with a deleted resource. The batches of these changes cannot have
 * the statement, because those rooms do not know this one. Until the event arrives only lists are late: in the ledger the
 * delegations have ended before.
 */
export const delegationSubscriber: Subscriber = {
  name: "delegations",
  async handle(context, organizationId, events) {
    for (const { action, target, occurredAtMs } of events) {
      if (action === "resource.deleted" && target !== null) {
        await endDelegationsForResource(context, target as ResourceId, occurredAtMs);
      }
      const ends = action === "organization.suspended" || action === "organization.deleted";
      // The operator's own log has an event of its change to another organization too.
      if (!ends || target !== organizationId) continue;
      await endInactiveDelegations(context, organizationId, { kind: "organization" }, occurredAtMs);
    }
  },
};
