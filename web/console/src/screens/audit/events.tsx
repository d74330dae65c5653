/** The events of the log, newest first, a page at a time. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { AuditEventPage } from "../../api/schema.ts";
import { Button } from "../../ui/button.tsx";
import { CsvButton } from "../../ui/csv-button.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Pager } from "../../ui/pager.tsx";
import { usePlace } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { Table } from "../../ui/table.tsx";
import { columnsWith } from "./columns.tsx";
import { EventFilterFields, noFilters, rangeIssue, useEventFilters } from "./filters.tsx";
import { cellsOf, heads } from "./rows.ts";

/** Events in one page, and in one answer to a follower. */
export const pageSize = 50;

export function Events() {
  const { values, isSet } = useEventFilters();
  const { cursor } = usePlace();
  const isPossible = rangeIssue(values) === undefined;
  const events = useQuery({
    ...read("GET /audit", { query: { ...values, limit: pageSize, cursor } }),
    placeholderData: keepPreviousData,
    enabled: isPossible,
  });
  return (
    <>
      <EventFilterFields isFollowed={false} />
      {isPossible && (
        <Loaded query={events} skeleton={<Skeleton lines={14} />}>
          {(page) =>
            page.data.length === 0 ? (
              <NoEvents isFiltered={isSet || cursor !== undefined} />
            ) : (
              <EventTable page={page} />
            )
          }
        </Loaded>
      )}
    </>
  );
}

export function EventTable({ page: { data, agents, nextCursor } }: { readonly page: AuditEventPage }) {
  return (
    <div className="events">
      <Table
        caption="Events"
        isCaptionHidden
        columns={columnsWith(agents)}
        rows={data}
        keyOf={({ eventId }) => eventId}
      />
      <div className="below-events">
        <CsvButton
          table={{
            caption: "the events of this page",
            heads,
            rows: data.map((event) => cellsOf(event, agents)),
            fileName: "audit-page",
          }}
        />
        <Pager nextCursor={nextCursor} count={data.length} what="events" />
      </div>
    </div>
  );
}

function NoEvents({ isFiltered }: { readonly isFiltered: boolean }) {
  const { set } = useEventFilters();
  if (isFiltered) {
    return (
      <Empty title="No event matches" next={<Button onClick={() => set(noFilters)}>Clear the filters</Button>}>
        Nothing like this has happened, or it is older than the log keeps. What an agent did to others is not “about”
        it: look for the target instead.
      </Empty>
    );
  }
  return (
    <Empty
      title="No events yet"
      code={`curl -sS --fail-with-body "${window.location.origin}/api/v1/audit?limit=${pageSize}" \\
  -H "Authorization: Bearer $ADMIN_TOKEN"`}
    >
      Each change, token and refused sign-in becomes an event. This log has none.
    </Empty>
  );
}
