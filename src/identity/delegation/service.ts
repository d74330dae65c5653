/** The rules of delegations, and the way to them for other rooms. */

import type { Caller } from "../../access/caller.ts";
import type { Subscriber } from "../../events/relay.ts";
import type { RevocationTarget } from "../../ledger/contract.ts";
import type { Context } from "../../platform/context.ts";
import { type Page, type PageRequest, pageOf } from "../../platform/http/pagination.ts";
import { delegationIdSchema, type OrganizationId, type ResourceId } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import type { Result } from "../../platform/problems/result.ts";
import { publicDelegation } from "./public-delegation.ts";
import type { Delegation, DelegationFilter } from "./schema.ts";
import { endDelegationsForResource, endFallenDelegations, listDelegations as listRows } from "./store.ts";

export { delegate } from "./delegate.ts";
export { delegationsEndedByToken, endDelegation, revokeDelegation } from "./revoke.ts";
export { exchangeableDelegation, standingOf, verifyDelegation } from "./standing.ts";
export { type ReadDelegation, readDelegation } from "./token.ts";

/**
 * What the caller itself gave and got, newest first.
 *
 * @returns `FORBIDDEN` when it acts with lent authority, `VALIDATION_ERROR` for a cursor of another list
 */
export async function listDelegations(
  context: Context,
  caller: Caller,
  query: PageRequest & DelegationFilter,
): Promise<Result<Page<Delegation>>> {
  if (caller.delegation) return problem("FORBIDDEN", "An agent's delegations are listed with a token of its own.");
  const { organizationId, agentId } = caller;
  const nowMs = context.now();
  return pageOf({ name: `delegations/${agentId}`, organizationId }, delegationIdSchema, query, {
    read: (page) => listRows(context, organizationId, agentId, query, { ...page, nowMs }),
    keyOf: ({ id }) => id,
    show: (row) => publicDelegation(row, nowMs),
  });
}

/**
 * The statement that notes which delegations end with a change, so that lists say so. It comes last in the batch of the
 * change, whose subject the ledger was told to withdraw: there they have ended before.
 *
 * @example
 * ```ts
 * const hold = await withdraw(context, organizationId, subject);
 * await commitHeld(context, hold, [suspend], [event], [delegationsEndedBy(context, organizationId, subject)]);
 * ```
 */
export function delegationsEndedBy(context: Context, organizationId: OrganizationId, subject: RevocationTarget) {
  return endFallenDelegations(context, organizationId, subject, context.now());
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
      // Of what the operator does to another organization its own chain has an event too.
      if (!ends || target !== organizationId) continue;
      await endFallenDelegations(context, organizationId, { kind: "organization" }, occurredAtMs);
    }
  },
};
