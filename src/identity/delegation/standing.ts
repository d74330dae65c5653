/** Whether a delegation stands, for those who hold its token. */
import type { Caller } from "../../access/caller.ts";
import type { Actor } from "../../events/catalogue.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import type { DelegationId, OrganizationId } from "../../platform/ids.ts";
import { count } from "../../platform/telemetry/recording.ts";
import { isoOrNull } from "../../platform/time.ts";
import { type ChainState, chainOf } from "./chain.ts";
import { delegationDetails, delegationFacts } from "./public-delegation.ts";
import type { Verification } from "./schema.ts";
import { findDelegation } from "./store.ts";
import { type ReadDelegation, readDelegation } from "./token.ts";

/** What is known of a delegation at this moment. */
export interface Standing {
  readonly stands: boolean;
  readonly state: ChainState | null;
  /** When the ledger saw it, or somebody behind it, taken back, in milliseconds; null when it did not. */
  readonly endedAtMs: number | null;
}

/** Asks the chain and the ledger, at the same time, and leaves an event of having asked. */
export async function standingOf(context: Context, actor: Actor, delegation: ReadDelegation): Promise<Standing> {
  const { chainId, organizationId, delegatorAgentId } = delegation;
  const event = newEvent(context, actor, {
    organizationId,
    action: "delegation.verified",
    agentId: delegatorAgentId,
    target: chainId,
    details: delegationDetails(delegation),
  });
  const [state, { stands, endedAtMs }] = await Promise.all([
    chainOf(context, chainId).state(),
    ledgerOf(context, organizationId).checkDelegation(chainId, event),
  ]);
  return { stands: stands && state?.revokedAtMs === null, state, endedAtMs };
}

/**
 * Says of a delegation token whether it stands, and what it is, even when it has ended. Of what is no delegation of the
 * caller's organization it says nothing: whatever the reason, `{ valid: false }`.
 */
export async function verifyDelegation(context: Context, caller: Caller, token: string): Promise<Verification> {
  count("agentidp_delegations_total", { action: "verified" });
  const { organizationId } = caller;
  const delegation = await readDelegation(context, organizationId, token);
  if (!delegation) return { valid: false };
  const { stands, state, endedAtMs } = await standingOf(context, actorOf(context, caller), delegation);
  if (stands && state) {
    const { issuedAtMs: issuedAt, expiresAtMs: expiresAt } = state;
    return {
      valid: true,
      ...delegationFacts({ ...delegation, id: delegation.chainId, issuedAt, expiresAt }),
      revokedAt: null,
    };
  }
  // The record remembers what the object and the ledger forget, and names the same moment as the list does.
  const row = await findDelegation(context, organizationId, delegation.chainId);
  if (!row) return { valid: false };
  const cutOffAtMs = endedAtMs !== null && endedAtMs < row.expiresAt ? endedAtMs : null;
  const revokedAtMs = state?.revokedAtMs ?? row.revokedAt ?? cutOffAtMs;
  return { valid: false, ...delegationFacts(row), revokedAt: isoOrNull(revokedAtMs) };
}

/**
 * The delegation behind a token that is about to be turned into an access token, unless it was revoked. Whether it stands
 * and for whom, the ledger decides in the call that issues.
 */
export async function exchangeableDelegation(
  context: Context,
  organizationId: OrganizationId,
  token: string,
): Promise<DelegationId | null> {
  const delegation = await readDelegation(context, organizationId, token);
  if (!delegation) return null;
  const state = await chainOf(context, delegation.chainId).state();
  return state?.revokedAtMs === null ? delegation.chainId : null;
}
