/** The DID of an agent and its card: what others can read of it. */
import { useQuery } from "@tanstack/react-query";
import { read } from "../../api/queries.ts";
import type { Agent, AgentCard, DidResolution } from "../../api/schema.ts";
import { Code } from "../../ui/code.tsx";
import { DefinitionList } from "../../ui/details.tsx";
import { Id } from "../../ui/id.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Time } from "../../ui/time.tsx";
import { BadgeCheck } from "./badge-check.tsx";

export function Identity({ agent }: { readonly agent: Agent }) {
  if (agent.status === "decommissioned") {
    return (
      <Section title="DID">
        <p>
          <code className="breaks">{agent.did}</code>
        </p>
        <p>The agent is decommissioned: its DID is deactivated, and it has no document, card or badge any more.</p>
      </Section>
    );
  }
  return (
    <>
      <Resolution agent={agent} />
      <Card agent={agent} />
      <BadgeCheck agent={agent} />
    </>
  );
}

const asText = (value: unknown) => JSON.stringify(value, null, 2);

function Resolution({ agent: { agentId } }: { readonly agent: Agent }) {
  const resolution = useQuery(read("GET /agents/{agentId}/did/resolve", { path: { agentId } }));
  return (
    <Section title="DID" lead="Resolved by the service just now (W3C DID Resolution). The document is public.">
      <Loaded query={resolution} skeleton={<Skeleton lines={10} />}>
        {(resolved) => <ResolvedDid resolution={resolved} />}
      </Loaded>
    </Section>
  );
}

function ResolvedDid({ resolution: { didDocument, didDocumentMetadata } }: { readonly resolution: DidResolution }) {
  const { created, updated, versionId } = didDocumentMetadata;
  const names = didDocument === null ? [] : [didDocument.id, ...didDocument.alsoKnownAs];
  return (
    <div className="stack">
      <DefinitionList
        facts={[
          ...names.map((name, index) => ({
            label: index === 0 ? "DID" : "Also known as",
            value: <code className="breaks">{name}</code>,
          })),
          { label: "Created", value: <Time value={created} look="both" /> },
          { label: "Updated", value: <Time value={updated} look="both" /> },
          ...(versionId === undefined
            ? []
            : [{ label: "Version", value: <Id value={versionId} label="version id" /> }]),
          ...(didDocument === null
            ? []
            : [
                {
                  label: "May authenticate",
                  value: didDocument.authentication.length > 0 ? "yes" : "no: it or its organization is suspended",
                },
              ]),
        ]}
      />
      <Code label="DID document">{asText(didDocument)}</Code>
    </div>
  );
}

function Card({ agent }: { readonly agent: Agent }) {
  const card = useQuery(read("GET /agents/{agentId}/did/card", { path: { agentId: agent.agentId } }));
  const lead = agent.isPublic
    ? "Everyone can read it: the agent is in the marketplace."
    : "Only your organization can read it: the agent is not in the marketplace.";
  return (
    <Section title="Card" lead={lead}>
      <Loaded query={card} skeleton={<Skeleton lines={6} />}>
        {(shown: AgentCard) => <Code label="Agent card">{asText(shown)}</Code>}
      </Loaded>
    </Section>
  );
}
