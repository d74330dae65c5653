/** Which workloads sign in as which agents, without a secret. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { read } from "../../api/queries.ts";
import type { TrustPolicy } from "../../api/schema.ts";
import { useAct } from "../../ui/act.ts";
import { AgentName } from "../../ui/agent-name.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Id, shortId } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { usePlace } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { toast } from "../../ui/toast.tsx";
import { PolicyClaims } from "../../ui/trust-policy.tsx";

/** Few, because the names of the agents are read one by one. */
const pageSize = 20;

const Add = () => (
  <Link to="/organization/trust/new" className="button main">
    Add a trust policy
  </Link>
);

export function Trust() {
  const { cursor } = usePlace();
  const [removed, setRemoved] = useState<TrustPolicy | null>(null);
  const policies = useQuery({
    ...read("GET /oidc/trust-policies", { query: { limit: pageSize, cursor } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Section
      title="Trust policies"
      lead="A job at GitHub, or a workload of another OpenID provider, signs in as an agent with its own token where that has exactly these claims."
      actions={policies.data?.data.length === 0 ? null : <Add />}
    >
      <Loaded query={policies} skeleton={<Skeleton lines={6} />}>
        {({ data, nextCursor }) =>
          data.length === 0 && cursor === undefined ? (
            <Empty title="No trust policies yet" next={<Add />}>
              With one, nothing needs to keep a secret of the agent.
            </Empty>
          ) : (
            <>
              <Table
                caption="Trust policies"
                isCaptionHidden
                columns={columnsOf(setRemoved)}
                rows={data}
                keyOf={({ policyId }) => policyId}
              />
              <Pager nextCursor={nextCursor} count={data.length} what="trust policies" />
            </>
          )
        }
      </Loaded>
      {removed !== null && <RemoveDialog policy={removed} onClose={() => setRemoved(null)} />}
    </Section>
  );
}

const columnsOf = (ask: (policy: TrustPolicy) => void): readonly Column<TrustPolicy>[] => [
  { id: "agent", label: "Signs in as", isHead: true, cell: ({ agentId }) => <AgentName agentId={agentId} /> },
  { id: "claims", label: "Where the token has", cell: (policy) => <PolicyClaims policy={policy} /> },
  { id: "id", label: "Policy", cell: ({ policyId }) => <Id value={policyId} label="policy id" /> },
  {
    id: "remove",
    label: "Remove",
    isBare: true,
    cell: (policy) => (
      <Button look="danger" label={`Remove policy ${shortId(policy.policyId)}`} onClick={() => ask(policy)}>
        Remove
      </Button>
    ),
  },
];

interface RemoveProps {
  readonly policy: TrustPolicy;
  readonly onClose: () => void;
}

function RemoveDialog({ policy: { policyId }, onClose }: RemoveProps) {
  const remove = useAct(() => call("DELETE /oidc/trust-policies/{policyId}", { path: { policyId } }), {
    refresh: ["/oidc", "/audit", "/oauth2"],
  });
  return (
    <ConfirmDialog
      title={`Remove policy ${shortId(policyId)}?`}
      act="Remove"
      isRunning={remove.isRunning}
      problem={remove.problem}
      onClose={onClose}
      onConfirm={async () => {
        const { problem } = await remove.run();
        if (problem) return;
        onClose();
        toast(`Removed policy ${shortId(policyId)}.`);
      }}
    >
      <p>Workloads that match it sign in no more, and the tokens that they got through it end at once.</p>
    </ConfirmDialog>
  );
}
