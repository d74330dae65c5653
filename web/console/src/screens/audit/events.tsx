/** The events of the log, newest first, a page at a time. */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { AuditEventPage } from "../../api/schema.ts";
import { Button } from "../../ui/button.tsx";
import { CsvButton } from "../../ui/csv-button.tsx";
import { Check } from "../../ui/field.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Pager } from "../../ui/pager.tsx";
import { oneOf, text, usePlace, useSearchState } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { EventRows, fileOf } from "./event-rows.tsx";
import { EventFilterFields, noFilters, useEventFilters } from "./filters.tsx";
import { pageSize, pauseSeconds } from "./follow.ts";
import { rangeIssue } from "./instant.ts";
import { Live } from "./live.tsx";

export function Events() {
  const { values, isSet } = useEventFilters();
  const { values: mode, set } = useSearchState({ live: oneOf("on"), to: text });
  const isFollowed = mode.live === "on";
  const { cursor } = usePlace();
  const filters = isFollowed ? { ...values, to: undefined } : values;
  const isPossible = rangeIssue(filters) === undefined;
  const client = useQueryClient();
  const list = read("GET /audit", { query: { ...filters, limit: pageSize, cursor: isFollowed ? undefined : cursor } });
  const events = useQuery({
    ...list,
    enabled: isPossible,
    ...(isFollowed
      ? {
          // Where the follower begins; what is new comes from it.
          queryKey: [...list.queryKey, "followed"],
          initialData: () => client.getQueryData(list.queryKey),
          staleTime: Number.POSITIVE_INFINITY,
          gcTime: 0,
        }
      : { placeholderData: keepPreviousData }),
  });
  const follow = (isOn: boolean) => {
    // The page from before has none of the events that came meanwhile.
    if (!isOn) client.removeQueries({ queryKey: ["/audit"], type: "inactive" });
    set(isOn ? { live: "on", to: undefined } : { live: undefined });
  };
  return (
    <>
      <EventFilterFields isFollowed={isFollowed} />
      <div className="follow">
        <Check
          name="live"
          label="Follow live"
          hint={`It asks every ${pauseSeconds.usual} seconds, and every ${pauseSeconds.quiet} when nothing happens. Each question counts as a call of the organization.`}
          checked={isFollowed}
          onChange={follow}
        />
      </div>
      {isPossible && (
        <Loaded query={events} skeleton={<Skeleton lines={14} />}>
          {(page) => {
            if (isFollowed) return <Live key={JSON.stringify(filters)} first={page} filters={filters} />;
            if (page.data.length === 0) return <NoEvents isFiltered={isSet || cursor !== undefined} />;
            return <EventPage page={page} />;
          }}
        </Loaded>
      )}
    </>
  );
}

function EventPage({ page: { data, agents, nextCursor } }: { readonly page: AuditEventPage }) {
  return (
    <div className="events">
      <EventRows events={data} agents={agents} />
      <div className="below-events">
        <CsvButton table={fileOf({ events: data, agents })} />
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
