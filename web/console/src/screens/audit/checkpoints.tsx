/** The signed checkpoints, newest first. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { saveFile } from "../../api/client.ts";
import { read } from "../../api/queries.ts";
import type { AuditCheckpoint, AuditCheckpointPage } from "../../api/schema.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Id } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { countText } from "../../ui/number.tsx";
import { Section } from "../../ui/page.tsx";
import { Pager } from "../../ui/pager.tsx";
import { usePlace } from "../../ui/search.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Empty } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";

const pageSize = 25;

export function Checkpoints() {
  const { cursor } = usePlace();
  const checkpoints = useQuery({
    ...read("GET /audit/checkpoints", { query: { limit: pageSize, cursor } }),
    placeholderData: keepPreviousData,
  });
  return (
    <Section
      title="Signed checkpoints"
      lead="The service signs the end of the log after each hour with new events, and at each 10,000th. Keep them where its operator cannot write: a later export must have the same hash at the same number. What a stolen key has signed proves nothing."
    >
      <Loaded query={checkpoints} skeleton={<Skeleton lines={10} />}>
        {(page) => (page.data.length === 0 ? <NoCheckpoint /> : <CheckpointTable page={page} />)}
      </Loaded>
    </Section>
  );
}

function CheckpointTable({ page }: { readonly page: AuditCheckpointPage }) {
  const { data, nextCursor } = page;
  return (
    <div className="events">
      <Table
        caption="Signed checkpoints"
        isCaptionHidden
        columns={columns}
        rows={data}
        keyOf={({ sequence }) => String(sequence)}
      />
      <div className="below-events">
        <Button onClick={() => save(page)}>Download this page (JSON)</Button>
        <Pager nextCursor={nextCursor} count={data.length} what="checkpoints" />
      </div>
    </div>
  );
}

/** As the API answers it: the verifier takes such a file as it is. */
function save(page: AuditCheckpointPage): void {
  const { sequence } = page.data[0] ?? { sequence: 0 };
  saveFile(new Blob([JSON.stringify(page, null, 2)], { type: "application/json" }), `checkpoints-${sequence}.json`);
}

function NoCheckpoint() {
  return (
    <Empty
      title="No checkpoint yet"
      next={
        <Link to="/audit" search={{ tab: "export" }} className="button">
          Export the log with its checkpoints
        </Link>
      }
      code={`curl -sS --fail-with-body "${window.location.origin}/api/v1/audit/checkpoints?limit=${pageSize}" \\
  -H "Authorization: Bearer $ADMIN_TOKEN"`}
    >
      The first one is signed an hour after the first event, or with the first export that asks for them.
    </Empty>
  );
}

const columns: readonly Column<AuditCheckpoint>[] = [
  {
    id: "number",
    label: "Event number",
    isHead: true,
    cell: ({ eventId, sequence }) => <Link to={`/audit/${eventId}`}>{countText(sequence)}</Link>,
  },
  { id: "time", label: "Signed", cell: ({ timestamp }) => <Time value={timestamp} /> },
  { id: "hash", label: "Hash", cell: ({ hash }) => <Id value={hash} label="hash" /> },
  {
    id: "key",
    label: "Key",
    cell: ({ publicKeyJwk, keyCompromisedAt }) => (
      <span className="by">
        {publicKeyJwk === null ? (
          <span className="quiet-text">not known any more</span>
        ) : (
          <Id value={publicKeyJwk.kid} label="key id" />
        )}
        {/* Its thief can sign too, and with an earlier date. */}
        {keyCompromisedAt !== null && <Badge status="stolen" tone="bad" label="stolen" />}
      </span>
    ),
  },
  {
    id: "jws",
    label: "Signature",
    cell: ({ jws }) => <Id value={jws} label="signature" />,
  },
];
