/** One webhook: its state, what can be done with it, and what was sent to it. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { ApiProblem } from "../../api/problem.ts";
import { read } from "../../api/queries.ts";
import type { Webhook } from "../../api/schema.ts";
import { NotFoundScreen } from "../../shell/states.tsx";
import { DefinitionList } from "../../ui/details.tsx";
import { Id } from "../../ui/id.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { plural } from "../../ui/number.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Time } from "../../ui/time.tsx";
import { WebhookActs } from "./acts.tsx";
import { Deliveries } from "./deliveries.tsx";
import { eventsText } from "./events.ts";
import { failuresToDisable, StateBadge, stateOf } from "./state.tsx";
import "./webhooks.css";

export function Screen() {
  const { webhookId = "" } = useParams({ strict: false }) as { readonly webhookId?: string };
  const webhook = useQuery(read("GET /webhooks/{webhookId}", { path: { webhookId } }));
  // An id that is none, one of another organization, and one that was deleted look alike.
  const isUnknown = webhook.error instanceof ApiProblem && (webhook.error.isNotFound || webhook.error.status === 400);
  if (isUnknown) return <NotFoundScreen />;
  return (
    <Page
      title={webhook.data?.name ?? "Webhook"}
      crumbs={[{ to: "/webhooks", label: "Webhooks" }]}
      actions={webhook.data && <WebhookActs webhook={webhook.data} />}
    >
      <Loaded query={webhook} skeleton={<Skeleton lines={10} />}>
        {(record) => (
          <div className="webhook">
            <Facts webhook={record} />
            <Deliveries webhookId={record.id} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Facts({ webhook }: { readonly webhook: Webhook }) {
  const { id, url, events, failure_count, created_at, updated_at } = webhook;
  return (
    <>
      <p className="webhook-line">
        <StateBadge webhook={webhook} />
        <Id value={id} label="webhook id" />
      </p>
      <Inactive webhook={webhook} />
      <DefinitionList
        facts={[
          { label: "URL", value: <bdi className="code">{url}</bdi> },
          { label: "Events", value: eventsText(events) },
          {
            label: "Failures in a row",
            value: `${failure_count} of the ${failuresToDisable} that disable it`,
          },
          { label: "Created", value: <Time value={created_at} /> },
          { label: "Changed", value: <Time value={updated_at} /> },
        ]}
      />
    </>
  );
}

/** Why nothing is sent, and how that ends. */
function Inactive({ webhook }: { readonly webhook: Webhook }) {
  const state = stateOf(webhook);
  if (state === "active") return null;
  const trail = (
    <Link to="/audit" search={{ target: webhook.id }}>
      What happened to it
    </Link>
  );
  return state === "disabled" ? (
    <div className="state bad">
      <h2>The service has disabled it</h2>
      <p>
        {plural(failuresToDisable, "delivery", "deliveries")} in a row were given up. It gets no new events. Find out
        below why they failed, mend the receiver, and resume it: what is given up is not sent again by itself.
      </p>
      <p className="actions">{trail}</p>
    </div>
  ) : (
    <div className="state warn">
      <h2>It is not active</h2>
      <p>
        It was paused, or its receiver answered 410. It gets no new events; deliveries from before wait until it is
        resumed.
      </p>
      <p className="actions">{trail}</p>
    </div>
  );
}
