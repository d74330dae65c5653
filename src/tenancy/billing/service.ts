/** The rules of billing, and the way to them for other rooms. */
import type { Caller } from "../../access/caller.ts";
import type { DomainEvent } from "../../events/catalogue.ts";
import type { Subscriber } from "../../events/relay.ts";
import { ledgerOf } from "../../ledger/client.ts";
import { periodAt } from "../../ledger/usage.ts";
import type { Context } from "../../platform/context.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { isoOf, isoOrNull } from "../../platform/time.ts";
import { findOrganization } from "../organizations/service.ts";
import { countAgents } from "../tiers/service.ts";
import type { BillingUsage } from "./schema.ts";
import { type BillingAccount, findAccount } from "./store.ts";
import { syncSubscription } from "./sync.ts";

export { upgrade } from "./upgrade.ts";
export { receiveEvent } from "./webhook.ts";

function publicSubscription(account: BillingAccount | null): BillingUsage["subscription"] {
  if (!account?.subscriptionStatus) return null;
  return {
    status: account.subscriptionStatus,
    tier: account.tier,
    currentPeriodStart: isoOrNull(account.periodStart),
    currentPeriodEnd: isoOrNull(account.periodEnd),
    endsAt: isoOrNull(account.endsAt),
  };
}

/** What the caller's organization has used in the present month, and what it pays for. */
export async function readBillingUsage(context: Context, { organizationId }: Caller): Promise<Result<BillingUsage>> {
  const [organization, account, counts, agentCount] = await Promise.all([
    findOrganization(context, organizationId),
    findAccount(context, organizationId),
    ledgerOf(context, organizationId).usage(),
    countAgents(context, organizationId),
  ]);
  if (!organization) return problem("ORGANIZATION_NOT_FOUND");
  const { startMs, endMs } = periodAt("tokens_per_month", context.now());
  return ok({
    tier: organization.planTier,
    subscription: publicSubscription(account),
    periodStart: isoOf(startMs),
    periodEnd: isoOf(endMs),
    usage: { agentCount, calls: counts.callsThisMonth, tokens: counts.tokensThisMonth },
  });
}

const isDeletion = ({ action, target, organizationId }: DomainEvent) =>
  action === "organization.deleted" && target === organizationId;

/** Ends the subscription of an organization that is deleted: it must not go on paying. */
export const billingSubscriber: Subscriber = {
  name: "billing",
  async handle(context, organizationId, events) {
    const { billing } = context.settings;
    if (!billing || !events.some(isDeletion)) return;
    const account = await findAccount(context, organizationId);
    if (account) await syncSubscription(context, billing, account.customerId, null);
  },
};
