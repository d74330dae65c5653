/** What a caller may do: by its scopes, by its role, and to which agent (conventions, "Scopes"). Pure functions. */
import type { Scope } from "../platform/ids.ts";
import { type Problem, problem } from "../platform/problems/problems.ts";
import type { Caller } from "./caller.ts";
import { hasScope, isPlatformScope, type PlatformScope } from "./scopes.ts";

/** What the rules read of the caller. */
export type Authority = Pick<Caller, "role" | "scopes" | "delegation">;

/** Refuses a caller whose token lacks the scope (RFC 6750 3.1, `insufficient_scope`). */
export function refuseWithoutScope(caller: Pick<Authority, "scopes">, scope: PlatformScope): Problem | null {
  if (hasScope(caller, scope)) return null;
  return problem("FORBIDDEN", `This needs the scope ${scope}.`, {
    oauthError: "insufficient_scope",
    details: { requiredScope: scope },
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
  });
}

/** What the rules read of the agent that is changed. */
export interface Powers {
  readonly role: Caller["role"];
  readonly capabilities: readonly Scope[];
  readonly grantedScopes: readonly Scope[];
}

/**
 * Those of the given scopes that the caller may not grant. An admin whose token carries `admin:orgs` may grant all scopes. An
 * admin without it may grant every capability and the platform scopes of its token. A member may grant the scopes of its token.
 * A delegated caller, and an agent that is not a member, may grant nothing.
 */
export function notGrantable(caller: Authority, scopes: readonly Scope[]): Scope[] {
  if (caller.role === null || caller.delegation !== null) return [...scopes];
  const isAdmin = caller.role === "admin";
  if (isAdmin && hasScope(caller, "admin:orgs")) return [];
  return scopes.filter((scope) => !caller.scopes.includes(scope) && !(isAdmin && !isPlatformScope(scope)));
}

/** Refuses scopes that the caller may not grant; `details.notGrantable` lists them. */
export function refuseGrant(caller: Authority, scopes: readonly Scope[]): Problem | null {
  const outside = notGrantable(caller, scopes);
  if (outside.length === 0) return null;
  return problem(
    "FORBIDDEN",
    `You may not grant ${outside.join(", ")}: your token carries neither it nor, as an admin, admin:orgs.`,
    {
      details: { notGrantable: outside },
    },
  );
}

/** Refuses a change of an admin by a caller that is not an admin. */
export function refuseChange(caller: Authority, agent: Powers): Problem | null {
  if (caller.role === "admin" || agent.role !== "admin") return null;
  return problem("FORBIDDEN", "Only an admin of the organization may change an admin.");
}

/**
 * Refuses a change of an agent that holds a scope that the caller may not grant. Otherwise a caller with few scopes could act
 * through an agent with more, or first reduce its scopes and wait until an admin restores them.
 */
export function refuseTakeover(caller: Authority, agent: Powers): Problem | null {
  const refused = refuseChange(caller, agent);
  if (refused) return refused;
  const outside = notGrantable(caller, [...agent.capabilities, ...agent.grantedScopes]);
  if (outside.length === 0) return null;
  return problem("FORBIDDEN", `This agent holds ${outside.join(", ")}, which you may not grant.`, {
    details: { notGrantable: outside },
  });
}
