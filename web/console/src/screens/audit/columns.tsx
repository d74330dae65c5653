/** The columns of the list of events. */
import type { AuditEvent } from "../../api/schema.ts";
import { AgentLink } from "../../ui/agent-name.tsx";
import { ActionName, actorText } from "../../ui/audit-event.tsx";
import { Badge } from "../../ui/badge.tsx";
import { Link } from "../../ui/link.tsx";
import type { Column } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import type { Agents } from "./rows.ts";

function Agent({ agentId, agents }: { readonly agentId: string | null; readonly agents: Agents }) {
  if (agentId === null) return <span className="quiet-text">no agent</span>;
  return <AgentLink agentId={agentId} email={agents[agentId]?.email} />;
}

export const columnsWith = (agents: Agents): readonly Column<AuditEvent>[] => [
  {
    id: "action",
    label: "Event",
    isHead: true,
    cell: ({ eventId, action }) => (
      <Link to={`/audit/${eventId}`}>
        <ActionName action={action} />
      </Link>
    ),
  },
  { id: "outcome", label: "Outcome", cell: ({ outcome }) => <Badge status={outcome} /> },
  { id: "time", label: "Time", cell: ({ timestamp }) => <Time value={timestamp} /> },
  { id: "about", label: "About", cell: ({ agentId }) => <Agent agentId={agentId} agents={agents} /> },
  {
    id: "actor",
    label: "By",
    cell: (event) => {
      const text = actorText(event);
      return (
        <span className="by">
          {text === null ? (
            <Agent agentId={event.actor.agentId} agents={agents} />
          ) : (
            <span className="whole">{text}</span>
          )}
          <bdi className="quiet-text">{event.actor.ip}</bdi>
        </span>
      );
    },
  },
  { id: "number", label: "Number", isNumber: true, cell: ({ sequence }) => sequence },
];
