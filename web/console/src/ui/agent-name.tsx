/** An agent by its e-mail; by its id where that is not known. */
import { useQuery } from "@tanstack/react-query";
import { read } from "../api/queries.ts";
import { hasScope, useSession } from "../session/session.ts";
import { Id } from "./id.tsx";
import { Link } from "./link.tsx";

/** Names change rarely, and each reading counts as a call of the organization. */
const staleTime = 5 * 60_000;

/** The e-mail, read once and kept for a while; undefined: not known yet, erased, or this session may not read it */
export function useAgentEmail(agentId: string): string | undefined {
  const session = useSession();
  const isSelf = agentId === session.agent.agentId;
  const { data } = useQuery({
    ...read("GET /agents/{agentId}", { path: { agentId } }),
    staleTime,
    enabled: !isSelf && hasScope(session, "agents:read"),
  });
  return isSelf ? session.agent.email : data?.email;
}

interface AgentLinkProps {
  readonly agentId: string;
  readonly email: string | undefined;
}

export function AgentLink({ agentId, email }: AgentLinkProps) {
  const to = `/agents/${agentId}`;
  if (email === undefined) return <Id value={agentId} label="agent id" to={to} />;
  return (
    <Link to={to}>
      <bdi>{email}</bdi>
    </Link>
  );
}

export function AgentName({ agentId }: { readonly agentId: string }) {
  return <AgentLink agentId={agentId} email={useAgentEmail(agentId)} />;
}
