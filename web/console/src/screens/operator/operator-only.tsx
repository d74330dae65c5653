/** What agents of other organizations are not shown. */
import type { ReactNode } from "react";
import { hasScope, useSession } from "../../session/session.ts";
import { Forbidden } from "../../ui/states.tsx";

export function OperatorOnly({ children }: { readonly children: ReactNode }) {
  const session = useSession();
  if (!session.isOperator) return <Forbidden message="It is for agents of the operator's organization." />;
  return hasScope(session, "admin:orgs") ? children : <Forbidden scope="admin:orgs" />;
}
