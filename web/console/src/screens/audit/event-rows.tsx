/** Events as a table, and the same as a file. */
import type { AuditEvent } from "../../api/schema.ts";
import type { TextTable } from "../../ui/csv-button.tsx";
import { Table } from "../../ui/table.tsx";
import { columnsWith } from "./columns.tsx";
import { type Agents, cellsOf, heads } from "./rows.ts";

interface EventRowsProps {
  readonly events: readonly AuditEvent[];
  readonly agents: Agents;
}

export function EventRows({ events, agents }: EventRowsProps) {
  return (
    <Table
      caption="Events"
      isCaptionHidden
      columns={columnsWith(agents)}
      rows={events}
      keyOf={({ eventId }) => eventId}
    />
  );
}

export const fileOf = ({ events, agents }: EventRowsProps): TextTable => ({
  caption: "the events that are shown",
  heads,
  rows: events.map((event) => cellsOf(event, agents)),
  fileName: "audit-events",
});
