/** The entitlement of an organization: the tier that its subscriptions pay for. */
import type Stripe from "stripe";
import type { BillingSettings } from "./stripe.ts";

/** The tiers for sale, the lowest first. */
export const soldTiers = ["pro", "enterprise"] as const;
export type SoldTier = (typeof soldTiers)[number];

/** `past_due` entitles while Stripe retries the payment; after that Stripe cancels, or sets `unpaid`. */
const entitlingStatuses: readonly string[] = ["active", "trialing", "past_due"];

/** A subscription to one of the configured prices. Times are in milliseconds since the epoch. */
export interface BilledSubscription {
  readonly id: string;
  readonly status: string;
  readonly entitles: boolean;
  readonly tier: SoldTier;
  readonly createdMs: number;
  readonly periodStartMs: number | null;
  readonly periodEndMs: number | null;
  /** null: it renews itself. */
  readonly endsAtMs: number | null;
}

export interface Entitlement {
  /** The subscription that sets the tier; null for none. */
  readonly current: BilledSubscription | null;
  /** Other paid subscriptions, which have no effect. */
  readonly superseded: readonly BilledSubscription[];
  /** The newest that does not entitle: canceled, unpaid, paused, incomplete, or with void invoices. */
  readonly lapsed: BilledSubscription | null;
}

/** Stripe voids the invoices while it cannot collect: nothing is paid, although the status is still `active`. */
const isVoid = ({ pause_collection }: Stripe.Subscription) => pause_collection?.behavior === "void";

const milliseconds = (seconds: number | null | undefined) => (typeof seconds === "number" ? seconds * 1000 : null);

/** null: a subscription to none of the configured prices. */
function read(subscription: Stripe.Subscription, prices: BillingSettings["prices"]): BilledSubscription | null {
  const items = subscription.items.data;
  const tier = soldTiers.findLast((tier) => items.some(({ price }) => prices[tier].includes(price.id)));
  if (!tier) return null;
  const item = items.find(({ price }) => prices[tier].includes(price.id));
  return {
    id: subscription.id,
    status: subscription.status,
    entitles: entitlingStatuses.includes(subscription.status) && !isVoid(subscription),
    tier,
    createdMs: subscription.created * 1000,
    periodStartMs: milliseconds(item?.current_period_start),
    periodEndMs: milliseconds(item?.current_period_end),
    endsAtMs: milliseconds(subscription.cancel_at_period_end ? item?.current_period_end : subscription.cancel_at),
  };
}

const newestFirst = (a: BilledSubscription, b: BilledSubscription) =>
  b.createdMs - a.createdMs || (a.id < b.id ? 1 : -1);
const rank = ({ tier }: BilledSubscription) => soldTiers.indexOf(tier);

/** The entitlement by a customer's subscriptions: the highest tier counts; for equal tiers the newest subscription. */
export function entitlementOf(
  subscriptions: readonly Stripe.Subscription[],
  prices: BillingSettings["prices"],
): Entitlement {
  const ours = subscriptions.flatMap((subscription) => read(subscription, prices) ?? []).sort(newestFirst);
  const [current = null, ...superseded] = ours
    .filter(({ entitles }) => entitles)
    .sort((a, b) => rank(b) - rank(a) || newestFirst(a, b));
  const lapsed = ours.find(({ entitles }) => !entitles) ?? null;
  return { current, superseded, lapsed };
}
