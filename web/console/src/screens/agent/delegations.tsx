/** What the agent has lent to others, and what others have lent to it. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { read } from "../../api/queries.ts";
import type { Agent, Delegation, DelegationRole, DelegationStatus } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { AgentName } from "../../ui/agent-name.tsx";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { FilterSelect, Filters } from "../../ui/filters.tsx";
import { Id, shortId } from "../../ui/id.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { oneOf, usePlace, useSearchState } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { toast } from "../../ui/toast.tsx";

/** Few, because the names of the other agents are read one by one. */
const pageSize = 10;

const rules = {
  role: oneOf<DelegationRole>("delegator", "delegatee"),
  delegation: oneOf<DelegationStatus>("active", "expired", "revoked"),
};

export function Delegations({ agent }: { readonly agent: Agent }) {
  const session = useSession();
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
  const mayRevoke = ({ delegatorAgentId }: Delegation) =>
    hasScope(session, "agents:write") || delegatorAgentId === session.agent.agentId;
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
          choices={[
            { value: "active", label: "Active" },
            { value: "expired", label: "Expired" },
            { value: "revoked", label: "Revoked" },
          ]}
        />
      </Filters>
      <Loaded query={delegations} skeleton={<Skeleton lines={5} />}>
        {({ data, nextCursor }) =>
          data.length === 0 ? (
            <NoDelegation role={role} />
          ) : (
            <>
              <Table
                caption={role === "delegator" ? "Given by this agent" : "Got by this agent"}
                isCaptionHidden
                columns={columnsOf(role, mayRevoke, setRevoked)}
                rows={data}
                keyOf={({ chainId }) => chainId}
              />
              <Pager nextCursor={nextCursor} count={data.length} what="delegations" />
            </>
          )
        }
      </Loaded>
      {revoked !== null && <RevokeDialog delegation={revoked} onClose={() => setRevoked(null)} />}
    </Section>
  );
}

function columnsOf(
  role: DelegationRole,
  mayRevoke: (delegation: Delegation) => boolean,
  ask: (delegation: Delegation) => void,
): readonly Column<Delegation>[] {
  const isGiven = role === "delegator";
  return [
    {
      id: "other",
      label: isGiven ? "To" : "From",
      isHead: true,
      cell: ({ delegatorAgentId, delegateeAgentId }) => (
        <AgentName agentId={isGiven ? delegateeAgentId : delegatorAgentId} />
      ),
    },
    {
      id: "status",
      label: "Status and id",
      cell: ({ status, chainId }) => (
        <>
          <Badge status={status} /> <Id value={chainId} label="delegation id" />
        </>
      ),
    },
    {
      id: "scopes",
      label: "Scopes",
      cell: ({ scopes, resource }) => (
        <>
          <code className="scopes">{scopes.join(" ")}</code>
          {resource !== undefined && <span className="quiet-text breaks">for {resource}</span>}
        </>
      ),
    },
    { id: "expires", label: "Expires", cell: ({ expiresAt }) => <Time value={expiresAt} look="relative" /> },
    {
      id: "revoke",
      label: "Revoke",
      isBare: true,
      cell: (delegation) =>
        delegation.status === "active" && mayRevoke(delegation) ? (
          <Button
            look="danger"
            onClick={() => ask(delegation)}
            label={`Revoke delegation ${shortId(delegation.chainId)}`}
          >
            Revoke
          </Button>
        ) : null,
    },
  ];
}

function RevokeDialog({ delegation, onClose }: { readonly delegation: Delegation; readonly onClose: () => void }) {
  const { chainId } = delegation;
  const revoke = useAct(() => call("DELETE /oauth2/token/delegate/{chainId}", { path: { chainId } }), {
    refresh: ["/oauth2", "/audit"],
  });
  return (
    <ConfirmDialog
      title={`Revoke delegation ${shortId(chainId)}?`}
      act="Revoke"
      isRunning={revoke.isRunning}
      problem={revoke.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await revoke.run();
        if (problem) return;
        onClose();
        toast(`Revoked delegation ${shortId(chainId)}.`);
      }}
    >
      <p>
        Every access token that was made from it ends at once. The delegatee cannot use it any more; a new one can be
        made.
      </p>
    </ConfirmDialog>
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
