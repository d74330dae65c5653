/** What the agent that is signed in may grant to others, as the service decides it. */
import type { PlatformScope } from "../../api/schema.ts";
import { scopeMeanings } from "../../session/scope-meanings.ts";
import { hasScope, type Session } from "../../session/session.ts";

type Grantor = Pick<Session, "role" | "scopes">;

/** An admin with `admin:orgs` may grant every scope and every capability. */
export const mayGrantEverything = (session: Grantor): boolean =>
  session.role === "admin" && hasScope(session, "admin:orgs");

/** The scopes that a form offers: those that the session may grant, and those that the agent holds already. */
export function offeredScopes(session: Grantor, held: readonly PlatformScope[] = []): PlatformScope[] {
  const all = Object.keys(scopeMeanings) as PlatformScope[];
  return all.filter(
    (scope) =>
      held.includes(scope) ||
      mayGrantEverything(session) ||
      scope === "delegations:write" ||
      (session.role !== null && hasScope(session, scope)),
  );
}
