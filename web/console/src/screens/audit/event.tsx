/** One event: what happened, by whom, and its place in the chain. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { ApiProblem } from "../../api/problem.ts";
import { read } from "../../api/queries.ts";
import type { AuditEvent } from "../../api/schema.ts";
import { NotFoundScreen } from "../../shell/states.tsx";
import { AgentName } from "../../ui/agent-name.tsx";
import { actorText } from "../../ui/audit-event.tsx";
import { Badge } from "../../ui/badge.tsx";
import { Code } from "../../ui/code.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { DefinitionList, type Fact } from "../../ui/details.tsx";
import { Id } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Section } from "../../ui/page.tsx";
import { plainJson } from "../../ui/plain-text.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Time } from "../../ui/time.tsx";
import "./audit.css";
import { Chain } from "./chain.tsx";

export function Screen() {
  const { eventId = "" } = useParams({ strict: false }) as { readonly eventId?: string };
  // An event never changes.
  const event = useQuery({
    ...read("GET /audit/{eventId}", { path: { eventId } }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  // An id that is none, one of another organization, and one that was removed look alike.
  const isUnknown = event.error instanceof ApiProblem && (event.error.isNotFound || event.error.status === 400);
  if (isUnknown) return <NotFoundScreen />;
  return (
    <Page
      title={event.data?.action ?? "Event"}
      crumbs={[{ to: "/audit", label: "Audit" }]}
      actions={event.data && <CopyButton value={plainJson(event.data)} what="event as JSON" />}
    >
      <Loaded query={event} skeleton={<Skeleton lines={14} />}>
        {(record) => (
          <div className="event">
            <Facts event={record} />
            <Section title="Details">
              {"unreadable" in record.details && (
                <p className="state bad">This event was damaged in the database. These are its raw columns.</p>
              )}
              <Code label="Details">{plainJson(record.details)}</Code>
            </Section>
            <Chain key={record.eventId} event={record} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Facts({ event }: { readonly event: AuditEvent }) {
  const { eventId, agentId, actor, outcome, target, timestamp } = event;
  const byNone = actor.agentId === null ? actorText(event) : null;
  const facts: readonly (Fact | null)[] = [
    { label: "Outcome", value: <Badge status={outcome} /> },
    { label: "Time", value: <Time value={timestamp} look="both" /> },
    { label: "About", value: agentId === null ? "no agent" : <AgentName agentId={agentId} /> },
    { label: "By", value: actor.agentId === null ? byNone : <AgentName agentId={actor.agentId} /> },
    actor.credentialId === undefined
      ? null
      : { label: "With the credential", value: <Id value={actor.credentialId} label="credential id" /> },
    { label: "Address", value: <bdi>{actor.ip || "none"}</bdi> },
    { label: "Program", value: <bdi>{actor.userAgent || "none"}</bdi> },
    { label: "Target", value: target === null ? "none" : <Target target={target} /> },
    { label: "Event id", value: <Id value={eventId} label="event id" /> },
  ];
  return <DefinitionList facts={facts.filter((fact) => fact !== null)} />;
}

/** The id of any kind of record: what else happened to it is one filter away. */
function Target({ target }: { readonly target: string }) {
  return (
    <span className="target">
      <bdi className="code">{target}</bdi>
      <Link to="/audit" search={{ target }}>
        All events with this target
      </Link>
    </span>
  );
}
