/**
 * Brings an organization's tier to what its subscription is at Stripe. What an event says is never believed: it is only a
 * reason to ask. So events may come late, twice, or in any order.
 */
import { actorOf, commitChange, newEvent } from "../../events/outbox.ts";
import { ledgerOf } from "../../ledger/client.ts";
import type { PlanTier } from "../../ledger/tier-limits.ts";
import type { Context } from "../../platform/context.ts";
import { nextVersion, untilWritten } from "../../platform/db/conditional.ts";
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
  updateAccountIfChanged,
} from "./store.ts";
import { type BillingSettings, cancelSubscription, expireOpenCheckouts, listSubscriptions } from "./stripe.ts";

/** Stripe repeats an event for three days, and by hand for thirty. */
const eventsKeptMs = 40 * dayMs;

/**
 * Asks Stripe and writes what follows, again for as long as somebody else writes in between: whoever writes last has asked
 * after the one before had written.
 *
 * @param event the event that is the reason, which has its effect once; null for none
 * @throws {DependencyDown} when Stripe does not answer; then the event counts as not received, and Stripe repeats it
 */
export function syncSubscription(
  context: Context,
  billing: BillingSettings,
  customerId: string,
  event: Pick<BillingEvent, "id" | "type"> | null,
): Promise<Result<undefined>> {
  const received = event && { ...event, receivedAt: context.now() };
  return untilWritten(() => pass(context, billing, customerId, received));
}

async function pass(
  context: Context,
  billing: BillingSettings,
  customerId: string,
  event: BillingEvent | null,
): Promise<Result<undefined> | null> {
  // The organization is the one that we made this customer for, whatever the metadata says.
  const account = await findAccountOfCustomer(context, customerId);
  if (!account) return ok();
  // Asked after the account was read: an event that is settled from here on has changed the account, and the write finds that.
  if (event && (await isEventApplied(context, event.id))) return ok();
  const organization = await findOrganization(context, account.organizationId);
  const subscriptions = await listSubscriptions(billing, customerId);
  // Nothing said that the customer is gone: it may be that the settings name another account of Stripe's.
  if (!subscriptions && !event) return ok();
  const entitlement = entitlementOf(subscriptions ?? [], billing.prices);

  const { current } = entitlement;
  const useless = organization ? entitlement.superseded : [...(current ? [current] : []), ...entitlement.superseded];
  const isNew = current !== null && current.id !== account.subscriptionId;
  const isTidy = useless.length === 0 && !isNew;
  // The tier comes first: who has paid has it, even when tidying up has to wait for Stripe.
  const written = await write(context, account, organization, entitlement, isTidy ? event : null);
  if (isTidy || !written) return written ? ok() : null;
  for (const { id } of useless) await cancelSubscription(billing, id);
  if (isNew) await expireOpenCheckouts(billing, customerId);
  return null;
}

/** What the account says of the subscription. */
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

/** Without a subscription the tier is what the operator made it, except that the end of one takes back what it gave. */
function tierOf(account: BillingAccount, organization: Organization, { current }: Entitlement): PlanTier {
  return current?.tier ?? (account.tier === null ? organization.planTier : "free");
}

/** Writes the account, the tier with its event, and that Stripe's event has had its effect, together; false when one has changed. */
async function write(
  context: Context,
  account: BillingAccount,
  organization: Organization | undefined,
  entitlement: Entitlement,
  event: BillingEvent | null,
): Promise<boolean> {
  const change = changeOf(account, entitlement);
  const isChanged = Object.entries(change).some(([field, value]) => account[field as keyof typeof change] !== value);
  const planTier = organization && tierOf(account, organization, entitlement);
  const noting = event
    ? [insertEventIfChanged(context, event), deleteEventsBefore(context, event.receivedAt - eventsKeptMs)]
    : [];
  if (!organization || planTier === undefined || planTier === organization.planTier) {
    if (!isChanged && !event) return true;
    return (await commitChange(context, [updateAccount(context, account, change)], [], noting)) !== null;
  }

  const { id: organizationId } = organization;
  await ledgerOf(context, organizationId).expectChange(null);
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
    updateAccountIfChanged(context, account, change),
  ] as const;
  return (await commitChange(context, statements, [changed], noting)) !== null;
}
