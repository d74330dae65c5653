/** The delegations as a picture. The same as a list is before it: the picture says nothing more. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { call } from "../../api/client.ts";
import type { Delegation, DelegationPage } from "../../api/schema.ts";
import { AgentLink } from "../../ui/agent-name.tsx";
import { type Agents, Lent } from "../../ui/delegations.tsx";
import { shortId } from "../../ui/id.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { plural } from "../../ui/number.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { useDelegationFilters } from "./filters.tsx";
import { edgesOf, mostEdges, node, type Placed, place, weightOf } from "./layout.ts";
import { NoActiveDelegation, NoDelegations } from "./none.tsx";

const pageSize = 100;

type Filters = ReturnType<typeof useDelegationFilters>["values"];

/** As many as a picture can show, and whether there are more. */
async function readAll(filters: Filters, signal: AbortSignal): Promise<DelegationPage> {
  const ask = (cursor?: string) =>
    call("GET /oauth2/token/delegations", {
      query: { of: "organization", ...filters, limit: pageSize, cursor },
      signal,
    });
  const first = await ask();
  if (first.nextCursor === null || mostEdges <= pageSize) return first;
  const second = await ask(first.nextCursor);
  return {
    data: [...first.data, ...second.data],
    agents: { ...first.agents, ...second.agents },
    nextCursor: second.nextCursor,
  };
}

export function DelegationGraph() {
  const { values, isSet } = useDelegationFilters();
  // What is over says little in a picture, unless it is asked for.
  const filters: Filters = { ...values, status: values.status ?? "active" };
  const delegations = useQuery({
    queryKey: ["/oauth2", "token", "delegations", "graph", filters],
    queryFn: ({ signal }) => readAll(filters, signal),
  });
  return (
    <Loaded query={delegations} skeleton={<Skeleton lines={14} />}>
      {(page) => {
        if (page.data.length > 0) return <Shown page={page} />;
        return isSet ? <NoDelegations isFiltered /> : <NoActiveDelegation />;
      }}
    </Loaded>
  );
}

function Shown({ page: { data, agents, nextCursor } }: { readonly page: DelegationPage }) {
  const edges = edgesOf(data);
  if (nextCursor !== null) {
    return (
      <div className="state warn">
        <h2>More than {mostEdges} delegations</h2>
        <p>A picture of so many cannot be read. Narrow it to an agent or a status, or use the list.</p>
      </div>
    );
  }
  const placed = place(edges);
  return (
    <div className="graph">
      <ByGiver delegations={data} agents={agents} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must take the focus (WCAG 2.1.1). */}
      <section className="picture" tabIndex={0} aria-label="Picture of the delegations">
        <Picture placed={placed} agents={agents} />
      </section>
      <p className="quiet-text">
        Each arrow goes from the agent that lends to the one that may act for it. A thicker one lends more scopes, a
        dashed one lends nothing any more.
      </p>
    </div>
  );
}

/** A longer list would push the picture off the screen. */
const shownAtOnce = 10;

/** By who gives, in the order of their first delegation. */
function ByGiver({ delegations, agents }: { readonly delegations: readonly Delegation[]; readonly agents: Agents }) {
  const givers = [...new Set(delegations.map(({ delegatorAgentId }) => delegatorAgentId))];
  return (
    <details className="by-giver" open={delegations.length <= shownAtOnce}>
      <summary>
        {plural(delegations.length, "delegation")} by {plural(givers.length, "agent")}, as a list
      </summary>
      <ul>
        {givers.map((giver) => (
          <li key={giver}>
            <AgentLink agentId={giver} email={agents[giver]?.email} /> lends
            <ul>
              {delegations
                .filter(({ delegatorAgentId }) => delegatorAgentId === giver)
                .map(({ chainId, delegateeAgentId, status, ...lent }) => (
                  <li key={chainId}>
                    to <AgentLink agentId={delegateeAgentId} email={agents[delegateeAgentId]?.email} />
                    {status === "active" ? "" : ` (${status})`} <Lent {...lent} />
                  </li>
                ))}
            </ul>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** So much of a name fits its box. */
const nameLength = 22;
const short = (name: string) => (name.length <= nameLength ? name : `${name.slice(0, nameLength - 1)}…`);

function Picture({ placed, agents }: { readonly placed: Placed; readonly agents: Agents }) {
  const navigate = useNavigate();
  const nameOf = (agentId: string) => agents[agentId]?.email ?? shortId(agentId);
  const { width, height, nodes, edges } = placed;
  const over = edges.filter(({ isOver }) => isOver).length;
  const sentence =
    `${plural(nodes.length, "agent")} and ${plural(edges.length, "arrow")} between them` +
    (over === 0 ? "." : `, ${over} of them over.`);
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: the image within has the text; a title here would be over each link.
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0 8 4 0 8Z" fill="currentColor" />
        </marker>
      </defs>
      {/* The links are beside the image: an image has nothing that takes the focus. */}
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a group of shapes is not interactive (SVG 2, 5.2). */}
      <g role="img" aria-label={sentence}>
        {edges.map(({ from, to, scopes, isOver, points }) => (
          <path
            key={`${from} ${to}`}
            d={points.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join("")}
            className={isOver ? "edge over" : "edge"}
            strokeWidth={weightOf(scopes.length)}
            markerEnd="url(#arrow)"
          >
            <title>{`${nameOf(from)} lends ${nameOf(to)}: ${scopes.join(" ")}`}</title>
          </path>
        ))}
      </g>
      {nodes.map(({ agentId, x, y }) => (
        <a
          key={agentId}
          href={`/console/agents/${agentId}`}
          tabIndex={-1}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            void navigate({ to: `/agents/${agentId}` as never });
          }}
        >
          <rect x={x - node.width / 2} y={y - node.height / 2} width={node.width} height={node.height} rx="6" />
          <text x={x} y={y} textAnchor="middle" dominantBaseline="central">
            {short(nameOf(agentId))}
          </text>
          <title>{nameOf(agentId)}</title>
        </a>
      ))}
    </svg>
  );
}
