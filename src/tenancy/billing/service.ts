/** Billing: the usage and the subscription of an organization. */
import type { Caller } from "../../access/caller.ts";
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

export { openPortal } from "./portal.ts";
export { upgrade } from "./upgrade.ts";
export { receiveEvent } from "./webhook.ts";

function publicSubscription(account: BillingAccount | undefined): BillingUsage["subscription"] {
  if (!account?.subscriptionStatus) return null;
  return {
    status: account.subscriptionStatus,
    tier: account.tier,
    currentPeriodStart: isoOrNull(account.periodStart),
    currentPeriodEnd: isoOrNull(account.periodEnd),
    endsAt: isoOrNull(account.endsAt),
  };
}

/** The usage of the caller's organization in the present month, and its subscription. */
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

/** Cancels the subscription of a deleted organization, so that it does not pay any longer. */
export const billingSubscriber: Subscriber = {
  name: "billing",
  async handle(context, organizationId, events) {
    const { billing } = context.settings;
    const isDeleted = events.some(
      ({ action, target }) => action === "organization.deleted" && target === organizationId,
    );
    if (!billing || !isDeleted) return;
    const account = await findAccount(context, organizationId);
    if (account) await syncSubscription(context, billing, account.customerId, null);
  },
};
