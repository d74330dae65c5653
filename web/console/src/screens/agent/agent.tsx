/** One agent: what it is, what can be done with it, and its parts in tabs. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { ApiProblem } from "../../api/problem.ts";
import { read } from "../../api/queries.ts";
import type { Agent } from "../../api/schema.ts";
import { NotFoundScreen } from "../../shell/states.tsx";
import { Badge } from "../../ui/badge.tsx";
import { Id } from "../../ui/id.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page } from "../../ui/page.tsx";
import { oneOf, useSearchState } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { Activity } from "./activity.tsx";
import { AgentActs } from "./acts.tsx";
import "./agent.css";
import { Credentials } from "./credentials.tsx";
import { Delegations } from "./delegations.tsx";
import { Identity } from "./identity.tsx";
import { Starter } from "./starter.tsx";
import { Summary } from "./summary.tsx";
import { TrustPolicies } from "./trust-policies.tsx";

interface PartProps {
  readonly agent: Agent;
}

const tabs = [
  { id: "summary", label: "Summary" },
  { id: "credentials", label: "Credentials" },
  { id: "identity", label: "DID and card" },
  { id: "delegations", label: "Delegations" },
  { id: "activity", label: "Activity" },
  { id: "trust", label: "Trust policies" },
  { id: "starter", label: "Starter project" },
] as const;

type TabId = (typeof tabs)[number]["id"];

const parts: Readonly<Record<TabId, ComponentType<PartProps>>> = {
  summary: Summary,
  credentials: Credentials,
  identity: Identity,
  delegations: Delegations,
  activity: Activity,
  trust: TrustPolicies,
  starter: Starter,
};

const rules = { tab: oneOf<TabId>(...tabs.map(({ id }) => id)) };

export function Screen() {
  const { agentId = "" } = useParams({ strict: false }) as { readonly agentId?: string };
  const agent = useQuery(read("GET /agents/{agentId}", { path: { agentId } }));
  const { values } = useSearchState(rules);
  const { tab = "summary" } = values;
  const Part = parts[tab];
  // An id that is none, one of another organization, and one that was never given look alike.
  const isUnknown = agent.error instanceof ApiProblem && (agent.error.isNotFound || agent.error.status === 400);
  if (isUnknown) return <NotFoundScreen />;
  return (
    <Page
      title={agent.data?.email ?? "Agent"}
      crumbs={[{ to: "/agents", label: "Agents" }]}
      actions={agent.data && <AgentActs agent={agent.data} />}
    >
      <Loaded query={agent} skeleton={<Skeleton lines={12} />}>
        {(record) => (
          <div className="agent">
            <p className="agent-line">
              <Badge status={record.status} />
              <span>{record.agentType}</span>
              <span>{record.deploymentEnv}</span>
              <span className="number breaks">{record.version}</span>
              <Id value={record.agentId} label="agent id" />
            </p>
            <Tabs label="Parts of the agent" tabs={tabs} present={tab} />
            <Part key={record.agentId} agent={record} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}
