/** What was sent to a webhook, newest first, a page at a time. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { DeliveryStatus, WebhookDelivery } from "../../api/schema.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { FilterSelect, Filters } from "../../ui/filters.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { oneOf, useSearchState } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { OffsetPager, offset } from "./offset-pager.tsx";

const pageSize = 25;

const statuses = { status: oneOf<DeliveryStatus>("delivered", "pending", "failed", "dead_letter") };

const choices = [
  { value: "delivered", label: "Delivered" },
  { value: "pending", label: "Waits for its first attempt" },
  { value: "failed", label: "Failed, is tried again" },
  { value: "dead_letter", label: "Given up" },
];

export function Deliveries({ webhookId }: { readonly webhookId: string }) {
  const { values, set, isSet } = useSearchState(statuses);
  const { values: place } = useSearchState({ offset });
  const deliveries = useQuery({
    ...read("GET /webhooks/{webhookId}/deliveries", {
      path: { webhookId },
      query: { ...values, limit: pageSize, offset: Number(place.offset ?? 0) },
    }),
    placeholderData: keepPreviousData,
  });
  return (
    <Section
      title="Deliveries"
      lead="Each event that was sent, or that waits for it. What is finished is kept for 30 days."
      actions={
        <Button onClick={() => void deliveries.refetch()} isBusy={deliveries.isFetching}>
          Read anew
        </Button>
      }
    >
      <Filters label="Filter the deliveries" isSet={isSet} onClear={() => set({ status: undefined })}>
        <FilterSelect
          name="status"
          label="Status"
          any="Any status"
          value={values.status}
          onChange={(status) => set({ status })}
          choices={choices}
        />
      </Filters>
      <Loaded query={deliveries} skeleton={<Skeleton lines={10} />}>
        {({ deliveries: rows, total, offset: from }) =>
          rows.length === 0 && from > 0 ? (
            <Empty
              title="No deliveries on this page"
              next={
                <Link to="." search={values} className="button">
                  First page
                </Link>
              }
            >
              The list ends before it: what is finished is deleted after 30 days.
            </Empty>
          ) : rows.length === 0 ? (
            <Empty title={isSet ? "No delivery matches" : "No deliveries"}>
              {isSet
                ? "No delivery of this webhook has this status."
                : "Nothing that this webhook subscribes to has happened. A test shows whether its receiver answers."}
            </Empty>
          ) : (
            <>
              <Table
                caption="Deliveries"
                isCaptionHidden
                columns={columnsOf(webhookId)}
                rows={rows}
                keyOf={({ id }) => id}
              />
              <OffsetPager from={from} count={rows.length} total={total} size={pageSize} what="deliveries" />
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

const columnsOf = (webhookId: string): readonly Column<WebhookDelivery>[] => [
  {
    id: "event",
    label: "Event",
    isHead: true,
    cell: ({ id, event_type }) => (
      <Link to={`/webhooks/${webhookId}/deliveries/${id}`}>
        <bdi>{event_type}</bdi>
      </Link>
    ),
  },
  { id: "status", label: "Status", cell: ({ status }) => <Badge status={status} /> },
  {
    id: "answer",
    label: "Last answer",
    cell: ({ http_status_code, error, attempt_count }) =>
      http_status_code ?? (attempt_count === 0 ? "none yet" : <bdi>{error ?? "none"}</bdi>),
  },
  { id: "attempts", label: "Attempts", isNumber: true, cell: ({ attempt_count }) => attempt_count },
  { id: "created", label: "Happened", cell: ({ created_at }) => <Time value={created_at} look="relative" /> },
];
