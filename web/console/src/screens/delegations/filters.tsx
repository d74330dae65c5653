/** The filters of delegations, as the API has them. */
import type { DelegationRole, DelegationStatus } from "../../api/schema.ts";
import { AgentChoice } from "../../ui/agent-choice.tsx";
import { statusChoices } from "../../ui/delegations.tsx";
import { FilterSelect, Filters } from "../../ui/filters.tsx";
import { isId } from "../../ui/id.tsx";
import { oneOf, useSearchState } from "../../ui/search.ts";

const rules = {
  agentId: (text: string) => (isId(text) ? text.toLowerCase() : undefined),
  role: oneOf<DelegationRole>("delegator", "delegatee"),
  status: oneOf<DelegationStatus>("active", "expired", "revoked"),
};

export const noFilters = { agentId: undefined, role: undefined, status: undefined };

export function useDelegationFilters() {
  const { values, ...rest } = useSearchState(rules);
  // A role is the role of the chosen agent.
  return { ...rest, values: { ...values, role: values.agentId === undefined ? undefined : values.role } };
}

export function DelegationFilters() {
  const { values, set, isSet } = useDelegationFilters();
  return (
    <div className="delegation-filters">
      <Filters label="Filter the delegations" isSet={isSet} onClear={() => set(noFilters)}>
        <AgentChoice
          label="By or to the agent"
          value={values.agentId}
          onChange={(agentId) => set({ agentId, ...(agentId === undefined ? { role: undefined } : {}) })}
        />
        {values.agentId !== undefined && (
          <FilterSelect
            name="role"
            label="Its side"
            any="Either"
            value={values.role}
            onChange={(role) => set({ role })}
            choices={[
              { value: "delegator", label: "It has given" },
              { value: "delegatee", label: "It has got" },
            ]}
          />
        )}
        <FilterSelect
          name="status"
          label="Status"
          any="Any status"
          value={values.status}
          onChange={(status) => set({ status })}
          choices={statusChoices}
        />
      </Filters>
    </div>
  );
}
