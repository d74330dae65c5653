/** What only the operator of the service does: its organizations, and the keys that it signs with. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { Organization } from "../../api/schema.ts";
import { useSession } from "../../session/session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Section } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { oneOf, usePlace, useSearchState } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { Time } from "../../ui/time.tsx";
import { Keys } from "./keys.tsx";
import { OperatorOnly } from "./operator-only.tsx";

const pageSize = 25;
const tabs = [
  { id: "organizations", label: "Organizations" },
  { id: "keys", label: "Signing keys" },
] as const;
const rules = { tab: oneOf("organizations", "keys") };

export function Screen() {
  const { values } = useSearchState(rules);
  const { tab = "organizations" } = values;
  return (
    <Page title="Operator">
      <OperatorOnly>
        <Tabs label="Parts of the service" tabs={tabs} present={tab} />
        {tab === "organizations" ? <Organizations /> : <Keys />}
      </OperatorOnly>
    </Page>
  );
}

function Organizations() {
  const { organizationId: own } = useSession().organization;
  const { cursor } = usePlace();
  const organizations = useQuery({
    ...read("GET /organizations", { query: { limit: pageSize, cursor } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Section
      title="Organizations"
      lead="The customers of the service, and your own organization."
      actions={
        <Link to="/operator/organizations/new" className="button main">
          Create an organization
        </Link>
      }
    >
      <Loaded query={organizations} skeleton={<Skeleton lines={10} />}>
        {({ data, nextCursor }) => (
          <>
            <Table
              caption="Organizations"
              isCaptionHidden
              columns={columnsOf(own)}
              rows={data}
              keyOf={({ organizationId }) => organizationId}
            />
            <Pager nextCursor={nextCursor} count={data.length} what="organizations" />
          </>
        )}
      </Loaded>
    </Section>
  );
}

const columnsOf = (own: string): readonly Column<Organization>[] => [
  {
    id: "name",
    label: "Organization",
    isHead: true,
    cell: ({ organizationId, name, slug }) => (
      <span className="two-lines">
        <Link to={`/operator/organizations/${organizationId}`}>
          <bdi>{name}</bdi>
        </Link>
        <span className="quiet-text">
          <code>{slug}</code>
          {organizationId === own && ", yours"}
        </span>
      </span>
    ),
  },
  { id: "status", label: "Status", cell: ({ status }) => <Badge status={status} /> },
  { id: "tier", label: "Tier", cell: ({ planTier }) => planTier },
  { id: "created", label: "Created", cell: ({ createdAt }) => <Time value={createdAt} look="day" /> },
];
