/** Revocation of a delegation: first in its object, then in the ledger, then in its row. */

import { type Caller, isSelf } from "../../access/caller.ts";
import { hasScope } from "../../access/scopes.ts";
import type { Actor } from "../../events/catalogue.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import type { DelegationId, OrganizationId, TokenId } from "../../platform/ids.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { count } from "../../platform/telemetry/recording.ts";
import { chainOf } from "./chain.ts";
import { delegationDetails, delegationFacts } from "./public-delegation.ts";
import { type DelegationRow, endDelegationsOfToken, findDelegation, revokeDelegation as revokeRow } from "./store.ts";

/** Revokes a delegation. It does nothing to one that has ended. After a failure between the steps the delegation is revoked, and a repeated call completes it. */
async function end(context: Context, actor: Actor, delegation: DelegationRow): Promise<void> {
  const { id: chainId, organizationId, delegatorAgentId, revokedAt, expiresAt } = delegation;
  if (revokedAt !== null || expiresAt <= context.now()) return;
  const state = await chainOf(context, chainId).revoke(context.now());
  await ledgerOf(context, organizationId).endDelegation(chainId);
  const event = newEvent(context, actor, {
    organizationId,
    action: "delegation.revoked",
    agentId: delegatorAgentId,
    target: chainId,
    details: delegationDetails(delegation),
    data: delegationFacts(delegation),
  });
  const revoked = revokeRow(context, chainId, state?.revokedAtMs ?? context.now());
  if (await commitChange(context, [revoked], [event])) count("agentidp_delegations_total", { action: "revoked" });
}

/**
 * Revokes a delegation. Before the answer it is not valid any more, and every token made from it is revoked.
 *
 * @returns `DELEGATION_NOT_FOUND` unless the caller is its delegator or has `agents:write` in its organization
 */
export async function revokeDelegation(
  context: Context,
  caller: Caller,
  chainId: DelegationId,
): Promise<Result<undefined>> {
  const delegation = await findDelegation(context, caller.organizationId, chainId);
  const isAllowed =
    delegation !== null && (isSelf(caller, delegation.delegatorAgentId) || hasScope(caller, "agents:write"));
  if (!isAllowed) return problem("DELEGATION_NOT_FOUND");
  await end(context, actorOf(context, caller), delegation);
  return ok();
}

/** Revokes a delegation. The authority of the actor was checked before. */
export async function endDelegation(
  context: Context,
  actor: Actor,
  organizationId: OrganizationId,
  chainId: DelegationId,
): Promise<void> {
  const delegation = await findDelegation(context, organizationId, chainId);
  if (delegation) await end(context, actor, delegation);
}

/** Records that the delegations of a revoked token have ended. The ledger has ended them with the token. */
export async function delegationsEndedByToken(
  context: Context,
  organizationId: OrganizationId,
  tokenId: TokenId,
): Promise<void> {
  await endDelegationsOfToken(context, organizationId, tokenId, context.now());
}
