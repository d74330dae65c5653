/** Another agent by its e-mail, read once and kept for a while; by its id where it cannot be read. */
import { useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { Id } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";

/** Names change rarely, and each reading counts as a call of the organization. */
const staleTime = 5 * 60_000;

export function AgentName({ agentId }: { readonly agentId: string }) {
  const session = useSession();
  const isSelf = agentId === session.agent.agentId;
  const { data } = useQuery({
    ...read("GET /agents/{agentId}", { path: { agentId } }),
    staleTime,
    enabled: !isSelf && hasScope(session, "agents:read"),
  });
  const email = isSelf ? session.agent.email : data?.email;
  const to = `/agents/${agentId}`;
  if (email === undefined) return <Id value={agentId} label="agent id" to={to} />;
  return (
    <Link to={to}>
      <bdi>{email}</bdi>
    </Link>
  );
}
