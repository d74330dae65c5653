/** What the receiver answered last. */
import type { WebhookDelivery } from "../../api/schema.ts";
import { Badge } from "../../ui/badge.tsx";
import { Code } from "../../ui/code.tsx";
import { DefinitionList, type Fact } from "../../ui/details.tsx";
import { plainText } from "../../ui/plain-text.ts";
import { Time } from "../../ui/time.tsx";

export function Outcome({ delivery }: { readonly delivery: WebhookDelivery }) {
  const { status, http_status_code, error, note, response_body, next_retry_at, attempt_count } = delivery;
  const facts: readonly (Fact | null)[] = [
    { label: "Status", value: <Badge status={status} /> },
    { label: "Answer", value: http_status_code === null ? "none" : <span className="number">{http_status_code}</span> },
    error === null ? null : { label: "Reason", value: <bdi>{error}</bdi> },
    note === undefined ? null : { label: "Note", value: <bdi>{note}</bdi> },
    { label: "Attempts", value: <span className="number">{attempt_count}</span> },
    next_retry_at === null ? null : { label: "Next attempt", value: <Time value={next_retry_at} look="both" /> },
  ];
  return (
    <>
      <DefinitionList facts={facts.filter((fact) => fact !== null)} />
      {response_body !== null && response_body !== "" && (
        <Code label="Body of the answer, at most 1 KiB">{plainText(response_body)}</Code>
      )}
    </>
  );
}
