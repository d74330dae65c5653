/** Which agent has lent what to which: the list, or a picture of it. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { read } from "../../api/queries.ts";
import type { Delegation, DelegationPage } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { lentColumns, partyColumn, RevokeDelegation, revokeColumn, useMayRevoke } from "../../ui/delegations.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { oneOf, usePlace, useSearchState } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Table } from "../../ui/table.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import "./delegations.css";
import { DelegationFilters, useDelegationFilters } from "./filters.tsx";
import { LendLink, NoDelegations } from "./none.tsx";

// The layout of the picture is for those who look at it.
const Graph = lazy(async () => ({ default: (await import("./graph.tsx")).DelegationGraph }));

const pageSize = 25;
const tabs = [
  { id: "list", label: "List" },
  { id: "graph", label: "Graph" },
] as const;
const tabRule = { tab: oneOf("list", "graph") };

export function Screen() {
  const { values } = useSearchState(tabRule);
  const { tab = "list" } = values;
  const mayLend = hasScope(useSession(), "agents:read");
  return (
    <Page
      title="Delegations"
      lead="Scopes that one agent lends another for a time. What is lent is part of what the lender has, and is lent no further."
      actions={
        <>
          <Link to="/delegations/check" className="button">
            Check a token
          </Link>
          {mayLend && <LendLink />}
        </>
      }
    >
      <Tabs label="Views of the delegations" tabs={tabs} present={tab} />
      <DelegationFilters />
      {tab === "list" ? (
        <List />
      ) : (
        <Suspense fallback={<Skeleton lines={14} />}>
          <Graph />
        </Suspense>
      )}
    </Page>
  );
}

function List() {
  const { values, isSet } = useDelegationFilters();
  const { cursor } = usePlace();
  const delegations = useQuery({
    ...read("GET /oauth2/token/delegations", { query: { of: "organization", ...values, limit: pageSize, cursor } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={delegations} skeleton={<Skeleton lines={12} />}>
      {(page) =>
        page.data.length === 0 ? (
          <NoDelegations isFiltered={isSet || cursor !== undefined} />
        ) : (
          <DelegationTable page={page}>
            <Pager nextCursor={page.nextCursor} count={page.data.length} what="delegations" />
          </DelegationTable>
        )
      }
    </Loaded>
  );
}

interface TableProps {
  readonly page: DelegationPage;
  readonly children: ReactNode;
}

function DelegationTable({ page: { data, agents }, children }: TableProps) {
  const [revoked, setRevoked] = useState<Delegation | null>(null);
  const mayRevoke = useMayRevoke();
  return (
    <div className="delegations">
      <Table
        caption="Delegations"
        isCaptionHidden
        columns={[
          partyColumn("delegator", "From", agents),
          { ...partyColumn("delegatee", "To", agents), isHead: false },
          ...lentColumns,
          revokeColumn(mayRevoke, setRevoked),
        ]}
        rows={data}
        keyOf={({ chainId }) => chainId}
      />
      {children}
      {revoked !== null && <RevokeDelegation chainId={revoked.chainId} onClose={() => setRevoked(null)} />}
    </div>
  );
}
