/** Limits against use, what happens at each, and the way to a wider tier. */
import { useQuery } from "@tanstack/react-query";
import { call } from "../../api/client.ts";
import { read } from "../../api/queries.ts";
import type { TierStatus } from "../../api/schema.ts";
import { useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { DefinitionList } from "../../ui/details.tsx";
import { Figure, Figures } from "../../ui/figure.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { countText } from "../../ui/number.tsx";
import { Page, Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Problem } from "../../ui/states.tsx";
import { Table } from "../../ui/table.tsx";
import { Time } from "../../ui/time.tsx";
import { Comparison } from "./comparison.tsx";
import { consequences } from "./limits.ts";
import { Returned } from "./returned.tsx";

interface UseProps {
  readonly label: string;
  readonly used: number;
  readonly max: number | null;
  readonly note: string;
}

function Use({ label, used, max, note }: UseProps) {
  if (max === null) return <Figure label={label} value={used} of="no limit" note={note} />;
  const share = max === 0 ? 1 : used / max;
  const tone = share >= 1 ? "bad" : share >= 0.8 ? "warn" : "neutral";
  return <Figure label={label} value={used} of={`of ${countText(max)}`} used={share} tone={tone} note={note} />;
}

function UseOf({ status }: { readonly status: TierStatus }) {
  const { usage, limits } = status;
  return (
    <Figures>
      <Use label="Agents" used={usage.agentCount} max={limits.maxAgents} note="until they are decommissioned" />
      <Use label="Calls today" used={usage.callsToday} max={limits.maxCallsPerDay} note="since midnight UTC" />
      <Use label="Tokens today" used={usage.tokensToday} max={limits.maxTokensPerDay} note="since midnight UTC" />
      <Use
        label="Tokens this month"
        used={usage.tokensThisMonth}
        max={limits.maxTokensPerMonth}
        note="since the first of the month, UTC"
      />
    </Figures>
  );
}

/** The subscription at Stripe, and the page where it is changed. */
function Payment() {
  const { role, scopes } = useSession();
  const usage = useQuery(read("GET /billing/usage"));
  const portal = useAct((_: undefined, idempotencyKey) => call("POST /billing/portal", { idempotencyKey }));
  const open = async () => {
    const { value } = await portal.run(undefined);
    if (value) location.assign(value.portalUrl);
  };
  return (
    <Section title="Subscription">
      <Loaded query={usage} skeleton={<Skeleton lines={3} />}>
        {({ subscription }) =>
          subscription === null ? (
            <p>There is none: this organization has never paid for a tier.</p>
          ) : (
            <DefinitionList
              facts={[
                { label: "Status at Stripe", value: <Badge status={subscription.status} /> },
                { label: "Pays for", value: subscription.tier ?? "no tier" },
                {
                  label: "Period",
                  value: (
                    <>
                      <Time value={subscription.currentPeriodStart} look="day" none="not begun" /> to{" "}
                      <Time value={subscription.currentPeriodEnd} look="day" none="no end" />
                    </>
                  ),
                },
                { label: "Ends", value: <Time value={subscription.endsAt} look="both" none="renews itself" /> },
              ]}
            />
          )
        }
      </Loaded>
      {usage.data?.subscription != null && role === "admin" && scopes.includes("admin:orgs") && (
        <p className="actions">
          <Button onClick={open} isBusy={portal.isRunning}>
            Change payment, see invoices, cancel
          </Button>
        </p>
      )}
      {portal.problem && <Problem error={portal.problem} onRetry={open} />}
    </Section>
  );
}

export function Screen() {
  const status = useQuery(read("GET /tiers/status"));
  return (
    <Page title="Tier" lead="What your organization may use, what it has used, and what happens at each limit.">
      <Returned tier={status.data?.tier} reread={() => void status.refetch()} />
      <Loaded query={status} skeleton={<Skeleton lines={4} look="cards" />}>
        {(read) => (
          <Section
            title={`Use in the tier ${read.tier}`}
            lead={
              <>
                The day's counts start again <Time value={read.resetsAt} look="both" />.
              </>
            }
          >
            <UseOf status={read} />
          </Section>
        )}
      </Loaded>
      <Section title="At a limit" lead="Nothing that exists is taken away.">
        <Table
          caption="What each limit counts, and what happens when it is reached"
          isCaptionHidden
          columns={[
            { id: "limit", label: "Limit", isHead: true, cell: ({ limit }) => limit },
            { id: "counts", label: "Counts", cell: ({ counts }) => counts },
            { id: "effect", label: "When it is reached", cell: ({ effect }) => effect },
          ]}
          rows={consequences}
          keyOf={({ limit }) => limit}
        />
      </Section>
      {status.data && <Comparison present={status.data.tier} />}
      <Payment />
    </Page>
  );
}
