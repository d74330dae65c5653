/** Which capabilities the form may give, where it is not every one. */
import { useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { mayGrantEverything } from "./grantable.ts";

export function CapabilitiesNote() {
  const session = useSession();
  const isLimited = !mayGrantEverything(session);
  const { data } = useQuery({
    ...read("GET /agents/{agentId}", { path: { agentId: session.agent.agentId } }),
    enabled: isLimited && hasScope(session, "agents:read"),
  });
  if (!isLimited) return null;
  return (
    <>You may give those that your own agent holds{data === undefined ? "." : `: ${data.capabilities.join(", ")}.`}</>
  );
}
