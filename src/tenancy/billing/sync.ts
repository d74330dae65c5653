/**
 * Sets an organization's tier by its subscription at Stripe. An event is only a reason to read the subscription, so events may
 * come late, twice, or in any order.
 */

import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import { commitHeld, expectChange } from "../../ledger/held-change.ts";
import type { PlanTier } from "../../ledger/tier-limits.ts";
import type { Context } from "../../platform/context.ts";
import { nextVersion, previousChanged, untilWritten } from "../../platform/db/conditional.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { dayMs } from "../../platform/time.ts";
import {
  findOrganization,
  type Organization,
  publicOrganization,
  updateOrganization,
} from "../organizations/service.ts";
import { type Entitlement, entitlementOf } from "./entitlement.ts";
import {
  accountUnchanged,
  type BillingAccount,
  type BillingEvent,
  deleteEventsBefore,
  findAccountOfCustomer,
  insertEventIfChanged,
  isEventApplied,
  updateAccount,
} from "./store.ts";
import { type BillingSettings, cancelSubscription, expireOpenCheckouts, listSubscriptions } from "./stripe.ts";

/** Stripe repeats an event for three days, and on request for thirty. */
const eventsKeptMs = 40 * dayMs;

/**
 * Reads the subscriptions from Stripe and writes the tier. Repeats both while another request writes in between, so the last
 * writer has read after the previous write.
 *
 * @param event the event that is the reason, which has its effect once; null: no event
 * @throws {DependencyDown} when Stripe does not answer; the event then counts as not received, and Stripe repeats it
 */
export function syncSubscription(
  context: Context,
  billing: BillingSettings,
  customerId: string,
  event: Pick<BillingEvent, "id" | "type"> | null,
): Promise<Result<undefined>> {
  const received = event && { ...event, receivedAt: context.now() };
  return untilWritten(async () => {
    // The account names the organization. The metadata at Stripe is not trusted.
    const account = await findAccountOfCustomer(context, customerId);
    if (!account) return ok();
    // After the account was read: an event that is applied from here on changes the account, and the write below fails.
    if (event && (await isEventApplied(context, event.id))) return ok();
    const organization = await findOrganization(context, account.organizationId);
    const subscriptions = await listSubscriptions(billing, customerId);
    // Without an event an unknown customer proves nothing: the settings may name another account at Stripe.
    if (!subscriptions && !event) return ok();
    const entitlement = entitlementOf(subscriptions ?? [], billing.prices);

    const { current, superseded } = entitlement;
    const useless = organization || !current ? superseded : [current, ...superseded];
    const isNew = current !== null && current.id !== account.subscriptionId;
    const isTidy = useless.length === 0 && !isNew;
    // The tier first: a paid tier must not wait for the cancellations below.
    const written = await write(context, account, organization, entitlement, isTidy ? received : null);
    if (isTidy || !written) return written ? ok() : null;
    for (const { id } of useless) await cancelSubscription(billing, id);
    if (isNew) await expireOpenCheckouts(billing, customerId);
    return null;
  });
}

/** The account's copy of the subscription. */
function changeOf(account: BillingAccount, { current, lapsed }: Entitlement) {
  const newest = current ?? lapsed;
  return {
    subscriptionId: newest?.id ?? account.subscriptionId,
    subscriptionStatus: newest?.status ?? (account.subscriptionId ? "canceled" : null),
    tier: current?.tier ?? null,
    periodStart: newest?.periodStartMs ?? null,
    periodEnd: newest?.periodEndMs ?? null,
    endsAt: newest?.endsAtMs ?? null,
  };
}

/** Without a subscription the tier stays as the operator has set it. After the end of a subscription it is free. */
function tierOf(account: BillingAccount, organization: Organization, { current }: Entitlement): PlanTier {
  return current?.tier ?? (account.tier === null ? organization.planTier : "free");
}

/** Writes the account, the tier with its event, and the applied event of Stripe, all or nothing; false after a concurrent change. */
async function write(
  context: Context,
  account: BillingAccount,
  organization: Organization | undefined,
  entitlement: Entitlement,
  event: BillingEvent | null,
): Promise<boolean> {
  const change = changeOf(account, entitlement);
  const isChanged = Object.entries(change).some(([field, value]) => account[field as keyof typeof change] !== value);
  const noting = event
    ? [insertEventIfChanged(context, event), deleteEventsBefore(context, event.receivedAt - eventsKeptMs)]
    : [];
  const planTier = organization && tierOf(account, organization, entitlement);
  if (!organization || planTier === undefined || planTier === organization.planTier) {
    if (!isChanged && !event) return true;
    return (await commitChange(context, [updateAccount(context, account, change)], [], noting)) !== null;
  }

  const { id: organizationId } = organization;
  const hold = await expectChange(context, organizationId, null);
  const updatedAt = nextVersion(context, organization);
  const { subscriptionId, subscriptionStatus } = change;
  const changed = newEvent(context, actorOf(context, null), {
    organizationId,
    action: "tier.changed",
    agentId: null,
    target: organizationId,
    details: { planTier: { from: organization.planTier, to: planTier }, subscriptionId, subscriptionStatus },
    data: publicOrganization({ ...organization, planTier, updatedAt }),
  });
  const statements = [
    updateOrganization(context, organization, { planTier }, updatedAt, accountUnchanged(account)),
    updateAccount(context, account, change, previousChanged),
  ] as const;
  return (await commitHeld(context, hold, statements, [changed], noting)) !== null;
}
