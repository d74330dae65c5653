/** The place of an event in the chain: its hash, the one before it, and the events on both sides. */
import { useQuery } from "@tanstack/react-query";
import { ApiProblem } from "../../api/problem.ts";
import { read } from "../../api/queries.ts";
import type { AuditEvent } from "../../api/schema.ts";
import { ActionName } from "../../ui/audit-event.tsx";
import { Badge } from "../../ui/badge.tsx";
import { DefinitionList } from "../../ui/details.tsx";
import { Id } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";
import { countText } from "../../ui/number.tsx";
import { Section } from "../../ui/page.tsx";
import { hashOf } from "./event-hash.ts";

/** The event after a sequence, read as a follower reads it. */
const after = (afterSequence: number) => read("GET /audit", { query: { order: "asc", afterSequence, limit: 1 } });

export function Chain({ event }: { readonly event: AuditEvent }) {
  const { sequence, previousHash } = event;
  const previous = useQuery({ ...after(Math.max(0, sequence - 2)), enabled: sequence > 1 });
  const next = useQuery(after(sequence));
  const before = previous.data?.data.find((other) => other.sequence === sequence - 1);
  const following = next.data?.data[0];
  return (
    <Section
      title="In the chain"
      lead="The hash covers every other field of the event, the hash of the previous event too: a change of one shows in all later ones."
    >
      <DefinitionList
        facts={[
          { label: "Number", value: countText(sequence) },
          { label: "Hash", value: <OwnHash event={event} /> },
          { label: "Previous hash", value: <Id value={previousHash} label="previous hash" isWhole /> },
          {
            label: "Previous event",
            value:
              before === undefined ? (
                <span className="quiet-text">{withoutPrevious(sequence, previous)}</span>
              ) : (
                <span className="beside">
                  <EventLink event={before} />
                  {before.hash === previousHash ? (
                    <Badge status="verified" label="its hash is the previous hash" />
                  ) : (
                    <Badge status="fail" label="its hash is another one: verify the log" />
                  )}
                </span>
              ),
          },
          {
            label: "Next event",
            value:
              following === undefined ? (
                <span className="quiet-text">
                  {next.isPending ? "…" : next.isError ? "could not be read" : "none yet"}
                </span>
              ) : (
                <EventLink event={following} />
              ),
          },
        ]}
      />
    </Section>
  );
}

interface Reading {
  readonly error: unknown;
  readonly isPending: boolean;
}

function withoutPrevious(sequence: number, { error, isPending }: Reading): string {
  if (sequence === 1) return "none: this is the first event, and its previous hash is 64 zeros";
  if (isPending && error === null) return "…";
  if (error instanceof ApiProblem && error.code === "AUDIT_EVENTS_REMOVED") return "removed: its retention has ended";
  return error === null ? "missing, or removed because its retention has ended" : "could not be read";
}

/** With what this browser makes of the event. */
function OwnHash({ event }: { readonly event: AuditEvent }) {
  const { hash } = event;
  const computed = useQuery({
    queryKey: ["hash", event.eventId, hash],
    queryFn: () => hashOf(event),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  return (
    <span className="beside">
      <Id value={hash} label="hash" isWhole />
      {typeof computed === "string" &&
        (computed === hash ? (
          <Badge status="verified" label="computed anew here: it fits" />
        ) : (
          <Badge status="fail" label="computed anew here: it does not fit" />
        ))}
    </span>
  );
}

function EventLink({ event: { eventId, action, sequence } }: { readonly event: AuditEvent }) {
  return (
    <Link to={`/audit/${eventId}`}>
      {countText(sequence)} <ActionName action={action} />
    </Link>
  );
}
