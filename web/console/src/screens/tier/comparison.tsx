/** The tiers side by side, as the service has them, and the upgrade. */
import { useQuery } from "@tanstack/react-query";
import { call } from "../../api/client.ts";
import { read } from "../../api/queries.ts";
import type { PaidTier, PlanTier, TierDefinition } from "../../api/schema.ts";
import { useSession } from "../../session/session.ts";
import { useAct } from "../../ui/act.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { countText } from "../../ui/number.tsx";
import { Section } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Problem } from "../../ui/states.tsx";
import { Table } from "../../ui/table.tsx";
import { wantTier } from "./wanted-tier.ts";

const limitText = (value: number | null) => (value === null ? "unlimited" : countText(value));

const order: readonly PlanTier[] = ["free", "pro", "enterprise"];
const isPaid = (tier: PlanTier): tier is PaidTier => tier !== "free";

export function Comparison({ present }: { readonly present: PlanTier }) {
  const { role } = useSession();
  const tiers = useQuery(read("GET /tiers"));
  const upgrade = useAct((target_tier: PaidTier, idempotencyKey) =>
    call("POST /tiers/upgrade", { body: { target_tier }, idempotencyKey }),
  );
  const start = async (tier: PaidTier) => {
    const { value } = await upgrade.run(tier);
    if (!value) return;
    wantTier(tier);
    location.assign(value.checkoutUrl);
  };
  const actOf = ({ tier }: TierDefinition) => {
    if (tier === present) return <Badge status="active" label="your tier" />;
    if (!isPaid(tier) || order.indexOf(tier) < order.indexOf(present)) return null;
    if (role !== "admin") return <span className="quiet-text">an admin can upgrade</span>;
    return (
      <Button look="main" label={`Upgrade to ${tier}`} isBusy={upgrade.isRunning} onClick={() => void start(tier)}>
        Upgrade
      </Button>
    );
  };
  return (
    <Section
      title="Tiers"
      lead="An upgrade opens a page of Stripe, where a person pays. It takes effect when Stripe says so."
    >
      <Loaded query={tiers} skeleton={<Skeleton lines={4} />}>
        {(list) => (
          <Table
            caption="Limits of each tier"
            isCaptionHidden
            columns={[
              { id: "tier", label: "Tier", isHead: true, cell: ({ tier }) => tier },
              { id: "agents", label: "Agents", isNumber: true, cell: ({ maxAgents }) => limitText(maxAgents) },
              {
                id: "calls",
                label: "Calls a day",
                isNumber: true,
                cell: ({ maxCallsPerDay }) => limitText(maxCallsPerDay),
              },
              {
                id: "tokens",
                label: "Tokens a day",
                isNumber: true,
                cell: ({ maxTokensPerDay }) => limitText(maxTokensPerDay),
              },
              {
                id: "rate",
                label: "Requests a minute",
                isNumber: true,
                cell: ({ requestsPerMinute }) => limitText(requestsPerMinute),
              },
              { id: "burst", label: "At once", isNumber: true, cell: ({ burst }) => limitText(burst) },
              {
                id: "audit",
                label: "Audit log",
                isNumber: true,
                cell: ({ auditRetentionDays }) => `${countText(auditRetentionDays)} days`,
              },
              { id: "act", label: "Upgrade", isBare: true, cell: actOf },
            ]}
            rows={list.tiers}
            keyOf={({ tier }) => tier}
          />
        )}
      </Loaded>
      {upgrade.problem && <Problem error={upgrade.problem} />}
    </Section>
  );
}
