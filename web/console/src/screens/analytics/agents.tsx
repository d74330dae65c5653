/** Tokens of each agent in the present month. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { AgentAnalytics } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { Button } from "../../ui/button.tsx";
import { CsvButton } from "../../ui/csv-button.tsx";
import { Id } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Count, plural, Share } from "../../ui/number.tsx";
import { Section } from "../../ui/page.tsx";
import { oneOf, text, useSearchState } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { Table } from "../../ui/table.tsx";

const pageSize = 20;

interface Row {
  readonly agentId: string;
  readonly tokenCount: number;
  readonly name: string | undefined;
}

/** The names of the agents on this page alone: an organization can have thousands. */
function useNames(agentIds: readonly string[]): readonly (string | undefined)[] {
  const isAllowed = hasScope(useSession(), "agents:read");
  return useQueries({
    queries: agentIds.map((agentId) => ({
      ...read("GET /agents/{agentId}", { path: { agentId } }),
      enabled: isAllowed,
      staleTime: 5 * 60_000,
    })),
  }).map(({ data }) => data?.email);
}

function AgentsOf({ month, data }: Pick<AgentAnalytics, "month" | "data">) {
  const { values, set } = useSearchState({ page: text, tab: oneOf("agents") });
  const pages = Math.ceil(data.length / pageSize);
  const page = Math.min(Math.max(1, Math.trunc(Number(values.page ?? 1)) || 1), pages);
  const shown = data.slice((page - 1) * pageSize, page * pageSize);
  const names = useNames(shown.map(({ agentId }) => agentId));
  const rows: readonly Row[] = shown.map((row, index) => ({ ...row, name: names[index] }));
  const total = data.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  const to = (next: number) => set({ page: next === 1 ? undefined : String(next) });
  return (
    <Section
      title={`Tokens by agent, ${month}`}
      lead={`${plural(total, "token")} of ${plural(data.length, "agent")}. A delegated token counts for the delegatee.`}
      actions={
        <CsvButton
          table={{
            caption: "Tokens by agent",
            heads: ["Agent", "Tokens"],
            rows: data.map(({ agentId, tokenCount }) => [agentId, tokenCount]),
            fileName: `tokens-by-agent-${month}`,
          }}
        />
      }
    >
      <Table
        caption="Tokens by agent"
        isCaptionHidden
        columns={[
          {
            id: "agent",
            label: "Agent",
            isHead: true,
            cell: ({ agentId, name }) => (
              <>
                {name !== undefined && (
                  <Link to={`/agents/${agentId}`} className="breaks">
                    {name}
                  </Link>
                )}{" "}
                <Id value={agentId} label="agent id" />
              </>
            ),
          },
          { id: "tokens", label: "Tokens", isNumber: true, cell: ({ tokenCount }) => <Count value={tokenCount} /> },
          {
            id: "share",
            label: "Share",
            isNumber: true,
            cell: ({ tokenCount }) => <Share value={tokenCount / total} />,
          },
        ]}
        rows={rows}
        keyOf={({ agentId }) => agentId}
      />
      {pages > 1 && (
        <nav className="pager" aria-label="Pages of agents">
          <span className="quiet-text">
            Page {page} of {pages}
          </span>
          <Button disabled={page === 1} onClick={() => to(page - 1)}>
            Previous
          </Button>
          <Button disabled={page === pages} onClick={() => to(page + 1)}>
            Next
          </Button>
        </nav>
      )}
    </Section>
  );
}

export function Agents() {
  const agents = useQuery(read("GET /analytics/agents"));
  return (
    <Loaded query={agents} skeleton={<Skeleton lines={10} />}>
      {({ month, data }) =>
        data.length === 0 ? (
          <Empty title="No tokens this month" next={<Link to="/first-steps">Get a first token</Link>}>
            An agent is listed here when a token was issued to it in {month}.
          </Empty>
        ) : (
          <AgentsOf month={month} data={data} />
        )
      }
    </Loaded>
  );
}
