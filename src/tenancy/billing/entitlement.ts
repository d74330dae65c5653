/** What an organization's subscriptions come to. */
import type Stripe from "stripe";
import type { BillingSettings } from "./stripe.ts";

/** The tiers that can be bought, the lowest first. */
export const soldTiers = ["pro", "enterprise"] as const;
export type SoldTier = (typeof soldTiers)[number];

/** `past_due` counts for as long as Stripe tries to collect; when it gives up, it cancels or says `unpaid`. */
const entitling: readonly string[] = ["active", "trialing", "past_due"];

/** A subscription to one of our prices. */
export interface BilledSubscription {
  readonly id: string;
  readonly status: string;
  readonly tier: SoldTier;
  /** Milliseconds since the epoch, all of them. */
  readonly createdMs: number;
  readonly periodStartMs: number | null;
  readonly periodEndMs: number | null;
  /** When it is going to end; null when it renews itself. */
  readonly endsAtMs: number | null;
}

export interface Entitlement {
  /** The one that counts; null when none entitles to anything. */
  readonly current: BilledSubscription | null;
  /** Others that are paid for beside it, and give nothing. */
  readonly superseded: readonly BilledSubscription[];
  /** The newest that entitles to nothing: cancelled, unpaid, paused, incomplete. */
  readonly lapsed: BilledSubscription | null;
}

const milliseconds = (seconds: number | null | undefined) => (typeof seconds === "number" ? seconds * 1000 : null);

/** The subscription in our terms; null when it is to none of our prices, and so none of our business. */
function read(subscription: Stripe.Subscription, prices: BillingSettings["prices"]): BilledSubscription | null {
  const items = subscription.items.data;
  const tier = soldTiers.findLast((tier) => items.some(({ price }) => prices[tier].includes(price.id)));
  if (!tier) return null;
  const item = items.find(({ price }) => prices[tier].includes(price.id));
  return {
    id: subscription.id,
    status: subscription.status,
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

/** Judges a customer's subscriptions: the highest tier counts, of several the newest. */
export function entitlementOf(
  subscriptions: readonly Stripe.Subscription[],
  prices: BillingSettings["prices"],
): Entitlement {
  const ours = subscriptions.flatMap((subscription) => read(subscription, prices) ?? []).sort(newestFirst);
  const [current = null, ...superseded] = ours
    .filter(({ status }) => entitling.includes(status))
    .sort((a, b) => rank(b) - rank(a) || newestFirst(a, b));
  const lapsed = ours.find(({ status }) => !entitling.includes(status)) ?? null;
  return { current, superseded, lapsed };
}
