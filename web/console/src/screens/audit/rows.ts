/** What a row of the list says, as texts: the table shows them, and the file has the same. */
import type { AuditEvent, NamedAgent } from "../../api/schema.ts";
import { actorText } from "../../ui/audit-event.tsx";
import type { Cell } from "../../ui/csv.ts";

/** The agents that the events of a page name, by their ids. */
export type Agents = Readonly<Record<string, NamedAgent>>;

const nameOf = (agentId: string | null, agents: Agents): string =>
  agentId === null ? "" : (agents[agentId]?.email ?? agentId);

export const heads = ["Event", "Outcome", "Time", "About", "By", "Address", "Number", "Event id"] as const;

/** The cells of {@link heads}; the time in UTC, ids whole. */
export const cellsOf = (event: AuditEvent, agents: Agents): readonly Cell[] => [
  event.action,
  event.outcome,
  event.timestamp,
  nameOf(event.agentId, agents),
  actorText(event) ?? nameOf(event.actor.agentId, agents),
  event.actor.ip,
  event.sequence,
  event.eventId,
];
