/** All agents of the organization: find one, register one, suspend several. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { read } from "../../api/queries.ts";
import type { Agent, AgentPage, AgentSort } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { Button } from "../../ui/button.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { plural } from "../../ui/number.tsx";
import { Page } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { oneOf, usePlace, useSearchState } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { Table } from "../../ui/table.tsx";
import "./agents.css";
import { agentColumns, selectColumn } from "./columns.tsx";
import { AgentFilters, noFilters, useAgentFilters } from "./filters.tsx";
import { SuspendMany } from "./suspend-many.tsx";

const pageSize = 25;
const sorts = { sort: oneOf<AgentSort>("-createdAt", "createdAt", "email", "-email") };

/** The chosen agents by id; they stay chosen on other pages of the list. */
type Chosen = ReadonlyMap<string, Agent>;
const none: Chosen = new Map();

export function Screen() {
  const session = useSession();
  const { values: filters, isSet } = useAgentFilters();
  const { values, set } = useSearchState(sorts);
  const { cursor } = usePlace();
  const [chosen, setChosen] = useState(none);
  const [isSuspending, setSuspending] = useState(false);
  const mayWrite = hasScope(session, "agents:write");
  const agents = useQuery({
    ...read("GET /agents", { query: { ...filters, ...values, cursor, limit: pageSize } }),
    placeholderData: keepPreviousData,
  });
  const toggle = (...toggled: readonly Agent[]) => {
    const next = new Map(chosen);
    const isLast = toggled.every(({ agentId }) => chosen.has(agentId));
    for (const agent of toggled) {
      if (isLast) next.delete(agent.agentId);
      else next.set(agent.agentId, agent);
    }
    setChosen(next);
  };

  return (
    <Page
      title="Agents"
      lead="Programs with an identity of their own: an id that is their client id, a DID, and the scopes that their tokens can have."
      actions={mayWrite && <RegisterLink />}
    >
      <AgentFilters />
      {chosen.size > 0 && (
        <div className="chosen" role="status">
          <strong>{plural(chosen.size, "agent")} chosen</strong>
          <Button look="danger" onClick={() => setSuspending(true)}>
            Suspend {chosen.size}
          </Button>
          <Button look="quiet" onClick={() => setChosen(none)}>
            Choose none
          </Button>
        </div>
      )}
      <Loaded query={agents} skeleton={<Skeleton lines={14} />}>
        {(page) =>
          page.data.length === 0 ? (
            <NoAgents isFiltered={isSet || cursor !== undefined} />
          ) : (
            <AgentTable
              page={page}
              sort={values.sort ?? "-createdAt"}
              onSort={(sort) => set({ sort })}
              chosen={mayWrite ? chosen : null}
              onToggle={toggle}
            />
          )
        }
      </Loaded>
      {isSuspending && (
        <SuspendMany
          agents={[...chosen.values()]}
          onClose={(suspended) => {
            setSuspending(false);
            setChosen(new Map([...chosen].filter(([agentId]) => !suspended.has(agentId))));
          }}
        />
      )}
    </Page>
  );
}

const RegisterLink = () => (
  <Link to="/agents/register" className="button main">
    Register an agent
  </Link>
);

interface AgentTableProps {
  readonly page: AgentPage;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  /** null: this session may not suspend */
  readonly chosen: Chosen | null;
  readonly onToggle: (...agents: readonly Agent[]) => void;
}

function AgentTable({ page: { data, nextCursor }, sort, onSort, chosen, onToggle }: AgentTableProps) {
  const active = data.filter(({ status }) => status === "active");
  const columns =
    chosen === null ? agentColumns : [selectColumn(({ agentId }) => chosen.has(agentId), onToggle), ...agentColumns];
  return (
    <div className="agents">
      <Table
        caption="Agents"
        isCaptionHidden
        columns={columns}
        rows={data}
        keyOf={({ agentId }) => agentId}
        sort={sort}
        onSort={onSort}
      />
      <div className="below-table">
        {chosen !== null && active.length > 1 && (
          <Button look="quiet" onClick={() => onToggle(...active)}>
            {active.every(({ agentId }) => chosen.has(agentId))
              ? "Choose none of this page"
              : `Choose all ${active.length} active of this page`}
          </Button>
        )}
        <Pager nextCursor={nextCursor} count={data.length} what="agents" />
      </div>
    </div>
  );
}

function NoAgents({ isFiltered }: { readonly isFiltered: boolean }) {
  const { set } = useAgentFilters();
  if (isFiltered) {
    return (
      <Empty title="No agent matches" next={<Button onClick={() => set(noFilters)}>Clear the filters</Button>}>
        The search looks for a part of the e-mail or owner; owner and capability must be exact.
      </Empty>
    );
  }
  return (
    <Empty
      title="No agents yet"
      next={<RegisterLink />}
      code={`curl -sS --fail-with-body "${window.location.origin}/api/v1/agents" \\
  -H "Authorization: Bearer $ADMIN_TOKEN" -H "Content-Type: application/json" \\
  -d '{"email":"screener-01@acme.example","agentType":"screener","version":"1.0.0",
       "capabilities":["resume:read"],"owner":"talent-team","deploymentEnv":"production"}'`}
    >
      An agent is one program with an identity of its own. Your organization has none.
    </Empty>
  );
}
