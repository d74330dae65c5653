/** What a verification found: intact, or the first event that does not fit. */
import type { AuditGap, AuditVerification, MissingEvents } from "../../api/schema.ts";
import { AgentName } from "../../ui/agent-name.tsx";
import { DefinitionList } from "../../ui/details.tsx";
import { isId } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";
import { countText, plural } from "../../ui/number.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import type { Verified } from "./verify.tsx";

const seconds = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** "Event 40 is", "Events 40 to 52 are" */
export const missingText = ({ fromSequence, toSequence }: MissingEvents): string =>
  fromSequence === toSequence
    ? `Event ${countText(fromSequence)} is`
    : `Events ${countText(fromSequence)} to ${countText(toSequence)} are`;

export function VerificationResult({ verified: { result, tookMs, at } }: { readonly verified: Verified }) {
  const { checkedCount, fromDate, toDate, gaps } = result;
  return (
    <>
      {result.verified ? (
        <div className="state good">
          <h2>Intact</h2>
          <p>
            {plural(checkedCount, "event")} verified. Every hash, every link, the signed checkpoints and the end of the
            log fit.
          </p>
        </div>
      ) : (
        <Broken result={result} />
      )}
      <DefinitionList
        facts={[
          { label: "From", value: <Time value={fromDate} none="the first event that is kept" /> },
          { label: "To", value: <Time value={toDate} none="the last event" /> },
          { label: "Verified", value: <Time value={at} /> },
          { label: "Took", value: tookMs < 100 ? "under 0.1 s" : `${seconds.format(tookMs / 1000)} s` },
          {
            label: "Accepted gaps",
            value: gaps.length === 0 ? "none: no event of this log was ever given up" : plural(gaps.length, "gap"),
          },
        ]}
      />
      {gaps.length > 0 && (
        <Table
          caption="Events that are lost, and who has accepted it"
          columns={gapColumns}
          rows={gaps}
          keyOf={({ eventId }) => eventId}
        />
      )}
    </>
  );
}

function Broken({ result: { checkedCount, brokenAtEventId, missing } }: { readonly result: AuditVerification }) {
  return (
    <div className="state bad">
      <h2>Broken</h2>
      <p>
        The first event that does not fit:{" "}
        {brokenAtEventId !== null && isId(brokenAtEventId) ? (
          <Link to={`/audit/${brokenAtEventId}`}>
            <code>{brokenAtEventId}</code>
          </Link>
        ) : (
          <bdi className="code">{brokenAtEventId}</bdi>
        )}
      </p>
      <p>
        {missing === null
          ? "An event was changed, moved or inserted there, or the end of the log was cut off."
          : `${missingText(missing)} missing before it; the events on both sides fit.`}{" "}
        {plural(checkedCount, "event")} read up to there. What comes after it proves nothing.
      </p>
      <p>
        Change nothing. Export the log now, compare it with the exports and checkpoints that you keep elsewhere, and
        tell the operator of the service.
      </p>
    </div>
  );
}

const gapColumns: readonly Column<AuditGap>[] = [
  {
    id: "events",
    label: "Missing events",
    isHead: true,
    cell: ({ eventId, fromSequence, toSequence }) => (
      <Link to={`/audit/${eventId}`}>
        {countText(fromSequence)} to {countText(toSequence)}
      </Link>
    ),
  },
  { id: "reason", label: "Reason", cell: ({ reason }) => <bdi>{reason}</bdi> },
  { id: "time", label: "Accepted", cell: ({ acceptedAt }) => <Time value={acceptedAt} /> },
  {
    id: "by",
    label: "By",
    cell: ({ acceptedBy }) => (acceptedBy === null ? "unknown" : <AgentName agentId={acceptedBy} />),
  },
];
