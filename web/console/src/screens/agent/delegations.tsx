/** What the agent has lent to others, and what others have lent to it. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { read } from "../../api/queries.ts";
import type { Agent, Delegation, DelegationRole, DelegationStatus } from "../../api/schema.ts";
import {
  lentColumns,
  partyColumn,
  RevokeDelegation,
  revokeColumn,
  statusChoices,
  useMayRevoke,
} from "../../ui/delegations.tsx";
import { FilterSelect, Filters } from "../../ui/filters.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { oneOf, usePlace, useSearchState } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { Table } from "../../ui/table.tsx";

const pageSize = 10;

const rules = {
  role: oneOf<DelegationRole>("delegator", "delegatee"),
  delegation: oneOf<DelegationStatus>("active", "expired", "revoked"),
};

export function Delegations({ agent }: { readonly agent: Agent }) {
  const { values, set, isSet } = useSearchState(rules);
  const { role = "delegator", delegation: status } = values;
  const { cursor } = usePlace();
  const [revoked, setRevoked] = useState<Delegation | null>(null);
  const delegations = useQuery({
    ...read("GET /oauth2/token/delegations", {
      query: { of: "organization", agentId: agent.agentId, role, status, limit: pageSize, cursor },
    }),
    placeholderData: keepPreviousData,
  });
  const mayRevoke = useMayRevoke();
  const isGiven = role === "delegator";
  return (
    <Section title="Delegations" lead="Scopes that one agent lends another for a time.">
      <Filters
        label="Filter the delegations"
        isSet={isSet}
        onClear={() => set({ role: undefined, delegation: undefined })}
      >
        <FilterSelect
          name="role"
          label="Direction"
          any="Given by this agent"
          value={role === "delegator" ? undefined : role}
          onChange={(next) => set({ role: next })}
          choices={[{ value: "delegatee", label: "Got by this agent" }]}
        />
        <FilterSelect
          name="delegation"
          label="Status"
          any="Any status"
          value={status}
          onChange={(delegation) => set({ delegation })}
          choices={statusChoices}
        />
      </Filters>
      <Loaded query={delegations} skeleton={<Skeleton lines={5} />}>
        {({ data, agents, nextCursor }) =>
          data.length === 0 ? (
            <NoDelegation role={role} />
          ) : (
            <>
              <Table
                caption={isGiven ? "Given by this agent" : "Got by this agent"}
                isCaptionHidden
                columns={[
                  partyColumn(isGiven ? "delegatee" : "delegator", isGiven ? "To" : "From", agents),
                  ...lentColumns,
                  revokeColumn(mayRevoke, setRevoked),
                ]}
                rows={data}
                keyOf={({ chainId }) => chainId}
              />
              <Pager nextCursor={nextCursor} count={data.length} what="delegations" />
            </>
          )
        }
      </Loaded>
      {revoked !== null && <RevokeDelegation chainId={revoked.chainId} onClose={() => setRevoked(null)} />}
    </Section>
  );
}

function NoDelegation({ role }: { readonly role: DelegationRole }) {
  return (
    <Empty
      title={role === "delegator" ? "Nothing given" : "Nothing got"}
      {...(role === "delegator"
        ? {
            code: `curl -sS --fail-with-body "${window.location.origin}/api/v1/oauth2/token/delegate" \\
  -H "Authorization: Bearer $TOKEN_OF_THIS_AGENT" -H "Content-Type: application/json" \\
  -d '{"delegateeAgentId":"…","scopes":["agents:read"],"ttlSeconds":3600}'`,
          }
        : {})}
    >
      {role === "delegator"
        ? "An agent lends part of what its own token carries, for a minute to a day. It does so itself, with its token."
        : "No other agent has lent it anything."}
    </Empty>
  );
}
