/** What happened to an agent: the events of the audit log that are about it. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { Agent, AuditEvent, Outcome } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { ActionName, actorText } from "../../ui/audit-event.tsx";
import { Badge } from "../../ui/badge.tsx";
import { FilterSelect, Filters } from "../../ui/filters.tsx";
import { Id } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { oneOf, usePlace, useSearchState } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty, Forbidden } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";

const rules = { outcome: oneOf<Outcome>("success", "failure") };

export function Activity({ agent }: { readonly agent: Agent }) {
  const session = useSession();
  return hasScope(session, "audit:read") ? <Events agent={agent} /> : <Forbidden scope="audit:read" />;
}

function Events({ agent: { agentId } }: { readonly agent: Agent }) {
  const { values, set, isSet } = useSearchState(rules);
  const { cursor } = usePlace();
  const events = useQuery({
    ...read("GET /audit", { query: { agentId, ...values, limit: 25, cursor } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Section
      title="Activity"
      lead="The events of the audit log that are about this agent, newest first."
      actions={
        <Link to="/audit" search={{ agentId }} className="button">
          Open in the audit log
        </Link>
      }
    >
      <Filters label="Filter the events" isSet={isSet} onClear={() => set({ outcome: undefined })}>
        <FilterSelect
          name="outcome"
          label="Outcome"
          any="Any outcome"
          value={values.outcome}
          onChange={(outcome) => set({ outcome })}
          choices={[
            { value: "success", label: "Success" },
            { value: "failure", label: "Failure" },
          ]}
        />
      </Filters>
      <Loaded query={events} skeleton={<Skeleton lines={10} />}>
        {({ data, nextCursor }) =>
          data.length === 0 ? (
            <Empty title="No event">
              Nothing like this has happened to the agent, or it is older than the log keeps.
            </Empty>
          ) : (
            <>
              <Table
                caption="Events about this agent"
                isCaptionHidden
                columns={columns}
                rows={data}
                keyOf={({ eventId }) => eventId}
              />
              <Pager nextCursor={nextCursor} count={data.length} what="events" />
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

const columns: readonly Column<AuditEvent>[] = [
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
  {
    id: "actor",
    label: "By",
    cell: (event) => {
      const text = actorText(event);
      const { agentId } = event.actor;
      return agentId === null || text !== null ? (
        <span className="whole">{text}</span>
      ) : (
        <Id value={agentId} label="agent id" to={`/agents/${agentId}`} />
      );
    },
  },
  { id: "ip", label: "Address", cell: ({ actor }) => actor.ip ?? <span className="quiet-text">none</span> },
  { id: "number", label: "Number", isNumber: true, cell: ({ sequence }) => sequence },
];
