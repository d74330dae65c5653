/** One delivery: what was sent, what was answered, each attempt. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { call } from "../../api/client.ts";
import { ApiProblem } from "../../api/problem.ts";
import { read } from "../../api/queries.ts";
import type { WebhookDeliveryAttempt, WebhookDeliveryWithAttempts } from "../../api/schema.ts";
import { hasScope, useSession } from "../../session/session.ts";
import { NotFoundScreen } from "../../shell/states.tsx";
import { useAct } from "../../ui/act.ts";
import { Button } from "../../ui/button.tsx";
import { Code } from "../../ui/code.tsx";
import { DefinitionList } from "../../ui/details.tsx";
import { Id } from "../../ui/id.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { countText } from "../../ui/number.tsx";
import { Page, Section } from "../../ui/page.tsx";
import { plainJson } from "../../ui/plain-text.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { toast } from "../../ui/toast.tsx";
import { Outcome } from "./outcome.tsx";
import "./webhooks.css";

const answerMs = 2000;

export function Screen() {
  const { webhookId = "", deliveryId = "" } = useParams({ strict: false }) as Readonly<Record<string, string>>;
  const path = { webhookId, deliveryId };
  const [isSentAgain, setSentAgain] = useState(false);
  const delivery = useQuery({
    ...read("GET /webhooks/{webhookId}/deliveries/{deliveryId}", { path }),
    // What was just sent again has an answer soon.
    refetchInterval: ({ state }) => (isSentAgain && state.data?.status === "pending" ? answerMs : false),
  });
  const webhook = useQuery(read("GET /webhooks/{webhookId}", { path }));
  const isUnknown =
    delivery.error instanceof ApiProblem && (delivery.error.isNotFound || delivery.error.status === 400);
  if (isUnknown) return <NotFoundScreen />;
  return (
    <Page
      title={delivery.data?.event_type ?? "Delivery"}
      crumbs={[
        { to: "/webhooks", label: "Webhooks" },
        { to: `/webhooks/${webhookId}`, label: webhook.data?.name ?? "Webhook" },
      ]}
      actions={delivery.data && <Redeliver delivery={delivery.data} onSent={() => setSentAgain(true)} />}
    >
      <Loaded query={delivery} skeleton={<Skeleton lines={14} />}>
        {(record) => (
          <div className="webhook">
            <Outcome delivery={record} />
            <DefinitionList
              facts={[
                { label: "Happened", value: <Time value={record.created_at} look="both" /> },
                { label: "Delivered", value: <Time value={record.delivered_at} look="both" none="not yet" /> },
                { label: "Delivery id", value: <Id value={record.id} label="delivery id" /> },
                { label: "Event id", value: <Id value={record.payload.id} label="event id" /> },
              ]}
            />
            <Attempts delivery={record} />
            <Section title="Payload" lead="The body, as it is signed and sent in each attempt.">
              <Code label="Payload">{plainJson(record.payload)}</Code>
            </Section>
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Attempts({ delivery: { attempts, attempt_count } }: { readonly delivery: WebhookDeliveryWithAttempts }) {
  return (
    <Section title="Attempts">
      {attempts.length === 0 ? (
        <p>{attempt_count === 0 ? "None was made yet." : "They were made before the service kept them."}</p>
      ) : (
        <Table
          caption="Attempts, newest first"
          isCaptionHidden
          columns={attemptColumns}
          rows={attempts}
          keyOf={({ at, duration_ms }) => `${at} ${duration_ms}`}
        />
      )}
      {attempts.length > 0 && attempts.length < attempt_count && (
        <p className="quiet-text">
          The last {attempts.length} of {countText(attempt_count)}.
        </p>
      )}
    </Section>
  );
}

const attemptColumns: readonly Column<WebhookDeliveryAttempt>[] = [
  { id: "at", label: "Began", isHead: true, cell: ({ at }) => <Time value={at} /> },
  { id: "answer", label: "Answer", cell: ({ http_status_code }) => http_status_code ?? "none" },
  { id: "reason", label: "Reason", cell: ({ error }) => <bdi>{error ?? "succeeded"}</bdi> },
  { id: "took", label: "Took", isNumber: true, cell: ({ duration_ms }) => `${countText(duration_ms)} ms` },
];

interface RedeliverProps {
  readonly delivery: WebhookDeliveryWithAttempts;
  readonly onSent: () => void;
}

function Redeliver({ delivery: { id, subscription_id }, onSent }: RedeliverProps) {
  const session = useSession();
  const path = { webhookId: subscription_id, deliveryId: id };
  const redeliver = useAct(() => call("POST /webhooks/{webhookId}/deliveries/{deliveryId}/redeliver", { path }), {
    refresh: ["/webhooks"],
  });
  if (!hasScope(session, "webhooks:write")) return null;
  return (
    <Button
      look="main"
      isBusy={redeliver.isRunning}
      onClick={async () => {
        const { problem } = await redeliver.run();
        if (!problem) onSent();
        toast(problem ? `It was not sent again. ${problem.message}` : "It is sent again, with the same id.");
      }}
    >
      Send it again
    </Button>
  );
}
