/** The filters of the list of agents, as the API has them. */
import type { AgentStatus, AgentType, DeploymentEnv } from "../../api/schema.ts";
import { FilterSelect, Filters, FilterText } from "../../ui/filters.tsx";
import { isId } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";
import { oneOf, type text, useSearchState } from "../../ui/search.ts";
import { agentTypes, choicesOf, environments, statuses } from "./terms.ts";

/** A text that the API takes: it refuses a longer one. */
const upTo =
  (length: number): typeof text =>
  (value) =>
    value === "" ? undefined : value.slice(0, length);

const rules = {
  search: upTo(100),
  status: oneOf<AgentStatus>(...statuses),
  agentType: oneOf<AgentType>(...agentTypes),
  deploymentEnv: oneOf<DeploymentEnv>(...environments),
  owner: upTo(128),
  capability: upTo(128),
};

/** The filters of the URL. */
export const useAgentFilters = () => useSearchState(rules);

export const noFilters = {
  search: undefined,
  status: undefined,
  agentType: undefined,
  deploymentEnv: undefined,
  owner: undefined,
  capability: undefined,
};

export function AgentFilters() {
  const { values, set, isSet } = useAgentFilters();
  const { search } = values;
  return (
    <>
      <Filters label="Filter the agents" isSet={isSet} onClear={() => set(noFilters)}>
        <FilterText
          name="search"
          label="Search e-mail and owner"
          value={search}
          onChange={(search) => set({ search })}
        />
        <FilterSelect
          name="status"
          label="Status"
          any="Any status"
          value={values.status}
          onChange={(status) => set({ status })}
          choices={choicesOf(statuses)}
        />
        <FilterSelect
          name="agentType"
          label="Type"
          any="Any type"
          value={values.agentType}
          onChange={(agentType) => set({ agentType })}
          choices={choicesOf(agentTypes)}
        />
        <FilterSelect
          name="deploymentEnv"
          label="Environment"
          any="Any environment"
          value={values.deploymentEnv}
          onChange={(deploymentEnv) => set({ deploymentEnv })}
          choices={choicesOf(environments)}
        />
        <FilterText name="owner" label="Owner, exactly" value={values.owner} onChange={(owner) => set({ owner })} />
        <FilterText
          name="capability"
          label="Capability, exactly"
          value={values.capability}
          onChange={(capability) => set({ capability })}
        />
      </Filters>
      {search !== undefined && isId(search) && (
        <p>
          This is an id. The search looks in e-mail and owner; an agent with this id is at{" "}
          <Link to={`/agents/${search.toLowerCase()}`}>its own page</Link>.
        </p>
      )}
    </>
  );
}
