/** The columns of the list of agents. */
import type { Agent } from "../../api/schema.ts";
import { Badge } from "../../ui/badge.tsx";
import { Check } from "../../ui/field.tsx";
import { Link } from "../../ui/link.tsx";
import type { Column } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";

export const agentColumns: readonly Column<Agent>[] = [
  {
    id: "email",
    label: "E-mail",
    isHead: true,
    sortBy: "email",
    cell: ({ agentId, email }) => (
      <Link to={`/agents/${agentId}`}>
        <bdi>{email}</bdi>
      </Link>
    ),
  },
  { id: "status", label: "Status", cell: ({ status }) => <Badge status={status} /> },
  {
    id: "type",
    label: "Type",
    cell: ({ agentType, deploymentEnv }) => (
      <span className="kind">
        <span className="whole">{agentType}</span> <span className="whole quiet-text">{deploymentEnv}</span>
      </span>
    ),
  },
  { id: "owner", label: "Owner", cell: ({ owner }) => <bdi className="clamped">{owner}</bdi> },
  {
    id: "created",
    label: "Registered",
    sortBy: "createdAt",
    cell: ({ createdAt }) => (
      <span className="whole">
        <Time value={createdAt} look="day" />
      </span>
    ),
  },
];

/** Chooses rows; only active agents can be suspended. */
export const selectColumn = (isChosen: (agent: Agent) => boolean, onToggle: (agent: Agent) => void): Column<Agent> => ({
  id: "choose",
  label: "Choose",
  isBare: true,
  cell: (agent) =>
    agent.status === "active" ? (
      <Check
        name="choose"
        label={`Choose ${agent.email}`}
        isBare
        checked={isChosen(agent)}
        onChange={() => onToggle(agent)}
      />
    ) : null,
});
