/** The workloads that may sign in as the agent without a secret: its trust policies. */
import { useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { Agent, TrustPolicy } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { Id } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty, Forbidden } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { PolicyClaims } from "../../ui/trust-policy.tsx";

/** An agent can have twenty. */
const most = 20;

export function TrustPolicies({ agent }: { readonly agent: Agent }) {
  const session = useSession();
  return hasScope(session, "agents:write") ? <Policies agent={agent} /> : <Forbidden scope="agents:write" />;
}

function Policies({ agent: { agentId } }: { readonly agent: Agent }) {
  const policies = useQuery(read("GET /oidc/trust-policies", { query: { agentId, limit: most } }));
  const manage = (
    <Link to="/organization" search={{ tab: "trust" }} className="button">
      Manage trust policies
    </Link>
  );
  return (
    <Section
      title="Trust policies"
      lead="A workload whose token has exactly these claims signs in as the agent, without a secret."
      actions={policies.data?.data.length === 0 ? null : manage}
    >
      <Loaded query={policies} skeleton={<Skeleton lines={3} />}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty
              title="No trust policy"
              next={manage}
              code={`curl -sS --fail-with-body "${window.location.origin}/api/v1/oidc/trust-policies" \\
  -H "Authorization: Bearer $ADMIN_TOKEN" -H "Content-Type: application/json" \\
  -d '{"provider":"github","agentId":"${agentId}","repository":"acme/screener","branch":"main"}'`}
            >
              With one, a job at GitHub or a workload of another OpenID provider gets tokens of this agent, and no
              secret is kept anywhere.
            </Empty>
          ) : (
            <Table
              caption="Trust policies of this agent"
              isCaptionHidden
              columns={columns}
              rows={data}
              keyOf={({ policyId }) => policyId}
            />
          )
        }
      </Loaded>
    </Section>
  );
}

const columns: readonly Column<TrustPolicy>[] = [
  { id: "provider", label: "Provider", isHead: true, cell: ({ provider }) => provider },
  {
    id: "claims",
    label: "A token must have",
    cell: (policy) => <PolicyClaims policy={policy} />,
  },
  { id: "created", label: "Created", cell: ({ createdAt }) => <Time value={createdAt} look="relative" /> },
  { id: "id", label: "Policy", cell: ({ policyId }) => <Id value={policyId} label="policy id" /> },
];
