/** Delegating: an agent gives another a part of its own authority for a limited time. */

import { refuseWithoutScope } from "../../access/authority.ts";
import type { Caller } from "../../access/caller.ts";
import { answering } from "../../access/idempotency/service.ts";
import { isLendable, isPlatformScope } from "../../access/scopes.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import type { Scope } from "../../platform/ids.ts";
import { listed, wholeNames } from "../../platform/problems/bounds.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { count, observe } from "../../platform/telemetry/recording.ts";
import { comparisonKey } from "../resources/service.ts";
import { chainOf } from "./chain.ts";
import { delegationSigner } from "./keys.ts";
import { delegationDetails, delegationFacts } from "./public-delegation.ts";
import type { CreateDelegation, DelegationWithToken } from "./schema.ts";
import { type DelegationRow, endInactiveDelegations, insertDelegation } from "./store.ts";
import { signDelegation } from "./token.ts";

/** A delegation cannot be passed on, so every chain is one agent deep. */
const depth = 1;

const refuseScopes = (message: string, outside: readonly Scope[]) =>
  invalid([{ path: "scopes", message }], { details: { outside: wholeNames(outside) } });

/**
 * Refuses what the token of the request cannot delegate. It must carry the platform scopes. It carries no capability, so
 * capabilities for a resource need `delegations:write` in it, and the ledger decides on each.
 */
function refuseByToken(caller: Caller, scopes: readonly Scope[], resourceKey: string | null): Problem | null {
  if (resourceKey !== null) {
    const refused = refuseWithoutScope(caller, "delegations:write");
    if (refused) return refused;
  } else {
    const outside = scopes.filter((scope) => !caller.scopes.includes(scope));
    if (outside.length > 0) {
      const hint = outside.every(isPlatformScope) ? "" : ". To lend a capability, name its resource";
      return refuseScopes(`names what your token does not carry: ${listed(outside)}${hint}`, outside);
    }
  }
  const unlendable = scopes.filter((scope) => !isLendable(scope));
  if (unlendable.length === 0) return null;
  return refuseScopes(`names what cannot be lent: ${listed(unlendable)}`, unlendable);
}

/** The same answer for an unknown, foreign, disabled or lapsed resource (RFC 8707 2). */
function refuseTarget(nearest: string | null): Problem {
  const hint = nearest === null ? "" : `; the nearest resource of your organization is ${nearest}`;
  const message = `must be a resource that you may have a token for${hint}`;
  return invalid([{ path: "resource", message }], { oauthError: "invalid_target" });
}

/** The comparison form of the resource; null for this service, whose platform scopes are lent. */
function resourceKeyOf({ settings: { issuer } }: Context, resource: string | undefined): string | null {
  const key = comparisonKey(resource ?? issuer);
  return key === comparisonKey(issuer) ? null : key;
}

/** One text for every reason: it shows nothing of agents that the caller may not see. */
const unavailable = (delegatee: string) =>
  invalid([
    {
      path: "delegateeAgentId",
      message: "must be another active agent of your organization",
      received: delegatee,
    },
  ]);

/**
 * Delegates a part of the caller's authority: platform scopes of its token, or with `resource` capabilities that it may be
 * granted for the resource at this moment. The token is returned only when the delegation is stored.
 *
 * @returns `FORBIDDEN` for a delegated caller, and with a resource without `delegations:write`; `VALIDATION_ERROR` for scopes
 *   that the caller cannot lend, for everything that it may be granted, for a resource that it may have no token for
 *   (`invalid_target`), and for a delegatee that is not another active agent of its organization
 */
export async function delegate(
  context: Context,
  caller: Caller,
  input: CreateDelegation,
): Promise<Result<DelegationWithToken>> {
  if (caller.delegation) return problem("FORBIDDEN", "A delegation cannot be passed on: use a token of your own.");
  const { delegateeAgentId, scopes, ttlSeconds } = input;
  const { agentId: delegatorAgentId, organizationId, credentialId, tokenId } = caller;
  const resourceKey = resourceKeyOf(context, input.resource);
  const refused = refuseByToken(caller, scopes, resourceKey);
  if (refused) return refused;
  if (delegateeAgentId === delegatorAgentId) return unavailable(delegateeAgentId);

  const signer = await delegationSigner(context, delegatorAgentId);
  const outcome = await ledgerOf(context, organizationId).delegate({
    delegatorAgentId,
    credentialId,
    tokenId,
    delegateeAgentId,
    resourceKey,
    scopes,
    ttlSeconds,
  });
  switch (outcome.outcome) {
    case "delegatee_unavailable":
      return unavailable(delegateeAgentId);
    case "target_refused":
      return refuseTarget(outcome.nearest);
    case "scopes_refused": {
      const reason = resourceKey === null ? "has been taken from you" : "you may not be granted for this resource";
      return refuseScopes(`names what ${reason}: ${listed(outcome.outside)}`, outcome.outside);
    }
    case "not_narrower":
      return refuseScopes("must leave out at least one scope that you may be granted", []);
    case "inactive":
      return problem("UNAUTHORIZED", "The access token is revoked.", { oauthError: "invalid_token" });
  }

  const { chainId, resource, issuedAtMs, expiresAtMs } = outcome;
  await chainOf(context, chainId).begin(issuedAtMs, expiresAtMs);
  const row: DelegationRow = {
    id: chainId,
    organizationId,
    delegatorAgentId,
    delegateeAgentId,
    credentialId,
    tokenId,
    resource: resource?.identifier ?? null,
    resourceId: resource?.id ?? null,
    scopes,
    issuedAt: issuedAtMs,
    expiresAt: expiresAtMs,
    revokedAt: null,
  };
  const facts = delegationFacts(row);
  const event = newEvent(context, actorOf(context, caller), {
    organizationId,
    action: "delegation.created",
    agentId: delegatorAgentId,
    target: chainId,
    details: { ...delegationDetails(row), expiresAt: facts.expiresAt },
    data: facts,
  });
  const issuedAt = Math.floor(issuedAtMs / 1000);
  const content = { chainId, organizationId, delegatorAgentId, delegateeAgentId, resource: row.resource, scopes };
  const delegationToken = await signDelegation(context, signer, {
    ...content,
    issuedAt,
    expiresAt: issuedAt + ttlSeconds,
  });
  const created = { delegationToken, ...facts };
  const answered = await answering(context, created, delegatorAgentId);
  // Something behind it may have been revoked since the ledger was asked: then it is revoked, and the record says so.
  const ended = endInactiveDelegations(context, organizationId, { kind: "delegation", chainId }, context.now());
  await commitChange(answered, [insertDelegation(context, row)], [event], [ended]);
  count("agentidp_delegations_total", { action: "created" });
  observe("agentidp_delegation_chain_depth", {}, depth);
  return ok(created);
}
