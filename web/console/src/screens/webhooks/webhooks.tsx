/** All webhooks of the organization. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { Webhook } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { usePlace } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { eventsText } from "./events.ts";
import { StateBadge } from "./state.tsx";
import "./webhooks.css";

const pageSize = 25;

export function Screen() {
  const session = useSession();
  const { cursor } = usePlace();
  const webhooks = useQuery({
    ...read("GET /webhooks", { query: { limit: pageSize, cursor } }),
    placeholderData: keepPreviousData,
  });
  const create = hasScope(session, "webhooks:write") && (
    <Link to="/webhooks/new" className="button main">
      Create a webhook
    </Link>
  );
  return (
    <Page
      title="Webhooks"
      lead="Addresses that get the events of your organization: signed, at least once, also after an outage of theirs."
      actions={webhooks.data?.data.length === 0 ? null : create}
    >
      <Loaded query={webhooks} skeleton={<Skeleton lines={8} />}>
        {({ data, nextCursor }) =>
          data.length === 0 && cursor === undefined ? (
            <Empty title="No webhooks yet" next={create} code={example()}>
              A webhook is an https address of yours that the service sends events to, as they happen. Your organization
              has none.
            </Empty>
          ) : (
            <>
              <Table caption="Webhooks" isCaptionHidden columns={columns} rows={data} keyOf={({ id }) => id} />
              <Pager nextCursor={nextCursor} count={data.length} what="webhooks" />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

const columns: readonly Column<Webhook>[] = [
  {
    id: "name",
    label: "Webhook",
    isHead: true,
    cell: ({ id, name, url }) => (
      <span className="two-lines">
        <Link to={`/webhooks/${id}`}>
          <bdi>{name}</bdi>
        </Link>
        <bdi className="code quiet-text">{url}</bdi>
      </span>
    ),
  },
  { id: "state", label: "State", cell: (webhook) => <StateBadge webhook={webhook} /> },
  { id: "failures", label: "Failures", isNumber: true, cell: ({ failure_count }) => failure_count },
  {
    id: "events",
    label: "Events",
    isNumber: true,
    cell: ({ events }) => <span title={eventsText(events)}>{events.length}</span>,
  },
];

const example = () => `curl -sS --fail-with-body "${window.location.origin}/api/v1/webhooks" \\
  -H "Authorization: Bearer $ADMIN_TOKEN" -H "Content-Type: application/json" \\
  -d '{"name":"Directory sync","url":"https://hooks.acme.example/agentidp","events":["agent.created"]}'`;
