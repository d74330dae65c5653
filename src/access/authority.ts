/** What a caller may do: by its scopes, by its role, and to which agent (conventions, "Scopes"). Pure rules over the caller. */

import type { Scope } from "../platform/ids.ts";
import { type Problem, problem } from "../platform/problems/problems.ts";
import type { Caller } from "./caller.ts";
import { hasScope, type PlatformScope } from "./scopes.ts";

/** What a rule needs to know of the caller: its role in its organization and what its token carries. */
export type Authority = Pick<Caller, "role" | "scopes">;

/** Refuses a caller whose token lacks the scope (RFC 6750 3.1, `insufficient_scope`). */
export function refuseWithoutScope(caller: Pick<Authority, "scopes">, scope: PlatformScope): Problem | null {
  if (hasScope(caller, scope)) return null;
  return problem("FORBIDDEN", `This needs the scope ${scope}.`, {
    oauthError: "insufficient_scope",
    details: { requiredScope: scope },
  });
}

/** Refuses a caller that is no admin of its organization. */
export function refuseUnlessAdmin(caller: Pick<Caller, "role">): Problem | null {
  if (caller.role === "admin") return null;
  return problem("FORBIDDEN", "Only an admin of its organization may do this.", { details: { requiredRole: "admin" } });
}

/**
 * Refuses a caller that is no admin of the operator's organization.
 *
 * @param act what only such an admin may do, for the message: "rotate the signing keys"
 */
export function refuseUnlessOperatorAdmin(caller: Pick<Caller, "role" | "isOperator">, act: string): Problem | null {
  if (caller.isOperator && caller.role === "admin") return null;
  return problem("FORBIDDEN", `Only an admin of the operator's organization may ${act}.`);
}

/** What a rule needs to know of the agent that is acted upon. */
export interface Powers {
  readonly role: Caller["role"];
  readonly capabilities: readonly Scope[];
  readonly grantedScopes: readonly Scope[];
}

/** The scopes among the given ones that the caller may not grant: none for an admin; for a member what its own token lacks; otherwise all. */
export function notGrantable(caller: Authority, scopes: readonly Scope[]): Scope[] {
  if (caller.role === "admin") return [];
  return scopes.filter((scope) => caller.role === null || !caller.scopes.includes(scope));
}

/** Refuses to grant what the caller may not grant. `details.notGrantable` names it. */
export function refuseGrant(caller: Authority, scopes: readonly Scope[]): Problem | null {
  const outside = notGrantable(caller, scopes);
  if (outside.length === 0) return null;
  return problem(
    "FORBIDDEN",
    `You may not grant ${outside.join(", ")}: your token does not carry it, or you are no member.`,
    {
      details: { notGrantable: outside },
    },
  );
}

/** Refuses any change of an admin by somebody who is none. */
export function refuseChange(caller: Authority, agent: Powers): Problem | null {
  if (caller.role === "admin" || agent.role !== "admin") return null;
  return problem("FORBIDDEN", "Only an admin of the organization may change an admin.");
}

/**
 * Refuses to hand over the means of signing in as an agent (a secret, a key, or its being active at all) to somebody who
 * could not have granted what that agent holds: otherwise a narrow caller would act through a wider agent.
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
