/** Whether a delegation is active, given its token. */
import type { Caller } from "../../access/caller.ts";
import type { Actor } from "../../events/catalogue.ts";
import { actorOf, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import type { DelegationId, OrganizationId } from "../../platform/ids.ts";
import { count } from "../../platform/telemetry/recording.ts";
import { isoOrNull } from "../../platform/time.ts";
import { chainOf, type DelegationState } from "./chain.ts";
import { delegationDetails, delegationFacts } from "./public-delegation.ts";
import type { Verification } from "./schema.ts";
import { findDelegation } from "./store.ts";
import { type ReadDelegation, readDelegation } from "./token.ts";

/** The present state of a delegation. */
export interface DelegationCheck {
  readonly active: boolean;
  readonly state: DelegationState | null;
  /** When it was revoked, or an agent or credential behind it, in milliseconds since the epoch; null without a revocation. */
  readonly endedAtMs: number | null;
}

/** Reads the state from its object and from the ledger at the same time. The ledger appends the event of the check. */
export async function checkDelegation(
  context: Context,
  actor: Actor,
  delegation: ReadDelegation,
): Promise<DelegationCheck> {
  const { chainId, organizationId, delegatorAgentId } = delegation;
  const event = newEvent(context, actor, {
    organizationId,
    action: "delegation.verified",
    agentId: delegatorAgentId,
    target: chainId,
    details: delegationDetails(delegation),
  });
  const [state, { active, endedAtMs }] = await Promise.all([
    chainOf(context, chainId).state(),
    ledgerOf(context, organizationId).checkDelegation(chainId, event),
  ]);
  return { active: active && state?.revokedAtMs === null, state, endedAtMs };
}

/**
 * Whether a delegation token is valid, with the facts of the delegation, also after its end. The answer to every token that is no
 * delegation of the caller's organization is `{ valid: false }`.
 */
export async function verifyDelegation(context: Context, caller: Caller, token: string): Promise<Verification> {
  count("agentidp_delegations_total", { action: "verified" });
  const { organizationId } = caller;
  const delegation = await readDelegation(context, organizationId, token);
  if (!delegation) return { valid: false };
  const { active, state, endedAtMs } = await checkDelegation(context, actorOf(context, caller), delegation);
  if (active && state) {
    const { issuedAtMs: issuedAt, expiresAtMs: expiresAt } = state;
    return {
      valid: true,
      ...delegationFacts({ ...delegation, id: delegation.chainId, issuedAt, expiresAt }),
      revokedAt: null,
    };
  }
  // The object and the ledger forget an ended delegation. The row stays, and has the time that the list shows.
  const row = await findDelegation(context, organizationId, delegation.chainId);
  if (!row) return { valid: false };
  const cutOffAtMs = endedAtMs !== null && endedAtMs < row.expiresAt ? endedAtMs : null;
  const revokedAtMs = state?.revokedAtMs ?? row.revokedAt ?? cutOffAtMs;
  return { valid: false, ...delegationFacts(row), revokedAt: isoOrNull(revokedAtMs) };
}

/**
 * The delegation of a token to exchange for an access token; null when it was revoked. The ledger decides in the call that issues
 * whether it is active, and for which agent.
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
