/** Lending: an agent gives another a part of its own authority for a limited time. */

import type { Caller } from "../../access/caller.ts";
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { Context } from "../../platform/context.ts";
import type { Scope } from "../../platform/ids.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { count, observe } from "../../platform/telemetry/recording.ts";
import { chainOf } from "./chain.ts";
import { delegationSigner } from "./keys.ts";
import { delegationFacts } from "./public-delegation.ts";
import type { Delegate, NewDelegation } from "./schema.ts";
import { type DelegationRow, endFallenDelegations, insertDelegation } from "./store.ts";
import { signDelegation } from "./token.ts";

/** A delegation cannot be passed on, so every chain is one agent deep. */
const depth = 1;

const refuseScopes = (message: string, outside: readonly Scope[]) =>
  invalid([{ path: "scopes", message }], { details: { outside } });

/**
 * Scopes that only routes which change authority require. Lent, they would open nothing: these routes refuse a delegated caller.
 */
const neverLent: ReadonlySet<string> = new Set([
  "agents:write",
  "webhooks:write",
  "admin:orgs",
  "delegations:write",
  "openid",
]);

/** Authority only ever narrows: what is lent is less than what the request's own token carries. */
function refuseUnlessNarrower(caller: Caller, scopes: readonly Scope[]): Problem | null {
  const outside = scopes.filter((scope) => !caller.scopes.includes(scope));
  if (outside.length > 0) return refuseScopes(`names what your token does not carry: ${outside.join(" ")}`, outside);
  const unlendable = scopes.filter((scope) => neverLent.has(scope));
  if (unlendable.length > 0) return refuseScopes(`names what cannot be lent: ${unlendable.join(" ")}`, unlendable);
  if (scopes.length < new Set(caller.scopes).size) return null;
  return refuseScopes("must leave at least one scope of your token behind", []);
}

/** One text for every reason, so that nobody learns of agents that are not theirs to see. */
const unavailable = (delegatee: string) =>
  invalid([
    {
      path: "delegateeAgentId",
      message: "must be another active agent of your organization",
      received: delegatee,
    },
  ]);

/**
 * Lends a part of the caller's authority. Whatever fails before the answer leaves nothing that anybody could use: the token
 * is signed last.
 *
 * @returns `FORBIDDEN` when the caller itself acts with lent authority, `VALIDATION_ERROR` for scopes that are not fewer
 *   than those of its token or have been taken from it meanwhile, and for a delegatee that is not another active agent of
 *   its organization
 */
export async function delegate(context: Context, caller: Caller, input: Delegate): Promise<Result<NewDelegation>> {
  if (caller.delegation) return problem("FORBIDDEN", "A delegation cannot be passed on: use a token of your own.");
  const { delegateeAgentId, scopes, ttlSeconds } = input;
  const { agentId: delegatorAgentId, organizationId, credentialId, tokenId } = caller;
  const refused = refuseUnlessNarrower(caller, scopes);
  if (refused) return refused;
  if (delegateeAgentId === delegatorAgentId) return unavailable(delegateeAgentId);

  const signer = await delegationSigner(context, delegatorAgentId);
  const outcome = await ledgerOf(context, organizationId).delegate({
    delegatorAgentId,
    credentialId,
    tokenId,
    delegateeAgentId,
    scopes,
    ttlSeconds,
  });
  switch (outcome.outcome) {
    case "delegatee_unavailable":
      return unavailable(delegateeAgentId);
    case "scopes_withdrawn":
      return refuseScopes(`names what has been taken from you: ${outcome.outside.join(" ")}`, outcome.outside);
    case "inactive":
      return problem("UNAUTHORIZED", "The access token is not valid.", { oauthError: "invalid_token" });
  }

  const { chainId, issuedAtMs, expiresAtMs } = outcome;
  await chainOf(context, chainId).begin(issuedAtMs, expiresAtMs);
  const row: DelegationRow = {
    id: chainId,
    organizationId,
    delegatorAgentId,
    delegateeAgentId,
    credentialId,
    tokenId,
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
    details: { delegateeAgentId, scope: scopes.join(" "), expiresAt: facts.expiresAt },
    data: facts,
  });
  // Something behind it may have been revoked since the ledger was asked: then it is revoked, and the record says so.
  const ended = endFallenDelegations(context, organizationId, { kind: "delegation", chainId }, context.now());
  await commitChange(context, [insertDelegation(context, row)], [event], [ended]);
  count("agentidp_delegations_total", { action: "created" });
  observe("agentidp_delegation_chain_depth", {}, depth);
  const issuedAt = Math.floor(issuedAtMs / 1000);
  const content = { chainId, organizationId, delegatorAgentId, delegateeAgentId, scopes };
  const delegationToken = await signDelegation(context, signer, {
    ...content,
    issuedAt,
    expiresAt: issuedAt + ttlSeconds,
  });
  return ok({ delegationToken, ...facts });
}
