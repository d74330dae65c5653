/** The agent's badge, and whether it holds: verified by this browser, not by the service that issued it. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { asProblem, noAnswer } from "../../api/problem.ts";
import type { Agent } from "../../api/schema.ts";
import { send } from "../../api/transport.ts";
import { Badge } from "../../ui/badge.tsx";
import { Code } from "../../ui/code.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { type Check, type ServiceDidDocument, verifyBadge } from "./verify-badge.ts";

/** The DID document of the service is public, and beside the API. */
async function readServiceDocument(signal: AbortSignal): Promise<ServiceDidDocument> {
  const response = await fetch("/.well-known/did.json", { signal, credentials: "omit", redirect: "error" }).catch(
    () => {
      throw noAnswer();
    },
  );
  if (!response.ok) throw noAnswer();
  return response.json();
}

const badgeQuery = ({ agentId, did }: Agent) =>
  queryOptions({
    queryKey: ["/agents", agentId, "badge"],
    queryFn: async ({ signal }) => {
      const path = `/api/v1/agents/${encodeURIComponent(agentId)}/badge`;
      const [answer, document] = await Promise.all([
        send({ method: "GET", path, signal }),
        readServiceDocument(signal),
      ]);
      const jwt = await answer.text();
      return { jwt, ...(await verifyBadge(jwt, document, did, Date.now())) };
    },
  });

const columns: readonly Column<Check>[] = [
  { id: "check", label: "Check", isHead: true, cell: ({ label }) => label },
  {
    id: "met",
    label: "Result",
    cell: ({ isMet }) => <Badge status={isMet ? "yes" : "no"} tone={isMet ? "good" : "bad"} />,
  },
  { id: "evidence", label: "By", cell: ({ evidence }) => <code className="breaks">{evidence}</code> },
];

export function BadgeCheck({ agent }: { readonly agent: Agent }) {
  const badge = useQuery(badgeQuery(agent));
  const isWithout = agent.status !== "active" && badge.isError && asProblem(badge.error).isNotFound;
  return (
    <Section
      title="Badge"
      lead="A verifiable credential: the service asserts what the agent is. This browser checks it with the keys in the service's DID document."
    >
      {isWithout ? (
        <p>Only an active agent has a badge.</p>
      ) : (
        <Loaded query={badge} skeleton={<Skeleton lines={6} />}>
          {({ jwt, isVerified, checks }) => (
            <div className="stack">
              <p role="status">
                <Badge status={isVerified ? "verified" : "not verified"} tone={isVerified ? "good" : "bad"} />
              </p>
              <Table
                caption="Checks of the badge"
                isCaptionHidden
                columns={columns}
                rows={checks}
                keyOf={({ label }) => label}
              />
              <Code label="Badge (VC-JWT)">{jwt}</Code>
            </div>
          )}
        </Loaded>
      )}
    </Section>
  );
}
