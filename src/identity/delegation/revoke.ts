/** Taking a delegation back: the chain first, then the ledger, then the record. */

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

/** Ends a delegation, at once and everywhere. One that has ended stays as it is. A failure halfway leaves it dead; repeating it is safe. */
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
 * Revokes a delegation: from the answer on it is valid nowhere, and every token made from it is dead.
 *
 * @returns `DELEGATION_NOT_FOUND` for one that is not the caller's own to revoke: only its delegator may, and whoever has
 *   `agents:write` in the organization
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

/** Revokes a delegation for somebody who has been found to be allowed to. */
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
