/** What a caller may do: by its scopes, by its role, and to which agent (conventions, "Scopes"). Pure functions. */
import type { Scope } from "../platform/ids.ts";
import { listed, wholeNames } from "../platform/problems/bounds.ts";
import { invalid, type Problem, problem } from "../platform/problems/problems.ts";
import type { Caller } from "./caller.ts";
import { hasScope, type PlatformScope, type ScopeHolder } from "./scopes.ts";

/** What a rule needs to know of the caller: its role, what its token carries, and what its agent holds. */
export type Authority = Pick<Caller, "role" | "scopes" | "capabilities" | "delegation">;

/** Refuses a caller whose token lacks the scope (RFC 6750 3.1, `insufficient_scope`). */
export function refuseWithoutScope(caller: Pick<Authority, "scopes">, scope: PlatformScope): Problem | null {
  if (hasScope(caller, scope)) return null;
  return problem("FORBIDDEN", `This needs the scope ${scope}.`, {
    oauthError: "insufficient_scope",
    details: { requiredScope: scope },
    hint: `Request a token with the scope ${scope}. If the token request is refused, an admin must add it to the agent's grantedScopes.`,
  });
}

/** Refuses a caller that is not an admin of its organization. */
export function refuseUnlessAdmin(caller: Pick<Caller, "role">): Problem | null {
  if (caller.role === "admin") return null;
  return problem("FORBIDDEN", "Only an admin of its organization may do this.", { details: { requiredRole: "admin" } });
}

/**
 * Refuses a caller that is not an admin of the operator's organization.
 *
 * @param act the refused act, for the message: "rotate the signing keys"
 */
export function refuseUnlessOperatorAdmin(caller: Pick<Caller, "role" | "isOperator">, act: string): Problem | null {
  if (caller.isOperator && caller.role === "admin") return null;
  return problem("FORBIDDEN", `Only an admin of the operator's organization may ${act}.`);
}

/** Refuses a delegated caller: a delegation must leave no way to sign in and no right that outlives it. */
export function refuseDelegated(caller: Pick<Caller, "delegation">): Problem | null {
  if (caller.delegation === null) return null;
  return problem("FORBIDDEN", "A delegated token may not change who can sign in or what an agent may do.", {
    details: { delegated: true },
    hint: "Use a token that the agent has requested for itself.",
  });
}

/** What an agent holds, or is to hold. */
export type Powers = Pick<ScopeHolder, "capabilities" | "grantedScopes">;

/**
 * What the caller may not grant, among the given powers. An admin whose token carries `admin:orgs` may grant everything. Every
 * other member may grant the platform scopes that its token carries, `delegations:write`, and the capabilities that its agent
 * holds at this moment. A delegated caller and an agent without a role may grant nothing.
 */
export function notGrantable(caller: Authority, { capabilities, grantedScopes }: Powers): Scope[] {
  if (caller.role === null || caller.delegation !== null) return [...capabilities, ...grantedScopes];
  if (caller.role === "admin" && hasScope(caller, "admin:orgs")) return [];
  return [
    ...capabilities.filter((capability) => !caller.capabilities.includes(capability)),
    ...grantedScopes.filter((scope) => scope !== "delegations:write" && !caller.scopes.includes(scope)),
  ];
}

/** Refuses to grant what the caller may not grant. `details.notGrantable` names it. */
export function refuseGrant(caller: Authority, powers: Powers): Problem | null {
  const outside = notGrantable(caller, powers);
  if (outside.length === 0) return null;
  const message =
    caller.role === "admin"
      ? `You may not grant ${listed(outside, ", ")}: request a token with admin:orgs, which may grant everything.`
      : `You may not grant ${listed(outside, ", ")}: your token does not carry it, or your agent does not hold it.`;
  return problem("FORBIDDEN", message, { details: { notGrantable: wholeNames(outside) } });
}

/** Refuses `admin:orgs` for an agent that is not an admin: `VALIDATION_ERROR`. */
export function refuseAdminScope({ role, grantedScopes }: Omit<ScopeHolder, "capabilities">): Problem | null {
  if (role === "admin" || !hasScope({ scopes: grantedScopes }, "admin:orgs")) return null;
  const message = "can have admin:orgs only for an admin: set the role of the agent first";
  return invalid([{ path: "grantedScopes", message, received: "admin:orgs" }]);
}

/** Refuses any change of an admin by a caller that is not an admin. */
export function refuseChange(caller: Pick<Authority, "role">, agent: Pick<ScopeHolder, "role">): Problem | null {
  if (caller.role === "admin" || agent.role !== "admin") return null;
  return problem("FORBIDDEN", "Only an admin of the organization may change an admin.");
}

/**
 * Refuses a change of an agent that holds a scope that the caller may not grant. Otherwise a caller with few scopes could act
 * through an agent with more, or first reduce its scopes and wait until an admin restores them.
 */
export function refuseTakeover(caller: Authority, agent: ScopeHolder): Problem | null {
  const refused = refuseChange(caller, agent);
  if (refused) return refused;
  const outside = notGrantable(caller, agent);
  if (outside.length === 0) return null;
  return problem("FORBIDDEN", `This agent holds ${listed(outside, ", ")}, which you may not grant.`, {
    details: { notGrantable: wholeNames(outside) },
  });
}
