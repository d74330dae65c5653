/** Upgrading: the way to Stripe's Checkout page, where a subscription is paid for. The tier follows when Stripe says so. */

import type { Caller } from "../../access/caller.ts";
import type { PlanTier } from "../../ledger/tier-limits.ts";
import type { Context } from "../../platform/context.ts";
import { DependencyDown } from "../../platform/dependency.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { findOrganization, type Organization } from "../organizations/service.ts";
import { isHigherTier } from "../tiers/service.ts";
import { type SoldTier, soldTiers } from "./entitlement.ts";
import { type BillingAccount, findAccount, insertAccount, updateAccount } from "./store.ts";
import { type BillingSettings, createCheckout, createCustomer } from "./stripe.ts";
import { syncSubscription } from "./sync.ts";

/**
 * Opens a Checkout page for a higher tier.
 *
 * @returns `VALIDATION_ERROR` for a tier that is none, `FORBIDDEN` unless the caller is an admin itself, `TIER_UPGRADE_NOT_REQUIRED` for the same or a lower tier,
 *   `BILLING_NOT_CONFIGURED` without an account at Stripe
 * @throws {DependencyDown} when Stripe does not answer
 */
export async function upgrade(
  context: Context,
  caller: Caller,
  target: string,
): Promise<Result<{ readonly checkoutUrl: string }>> {
  const { organizationId } = caller;
  if (caller.role !== "admin" || caller.delegation !== null) {
    return problem("FORBIDDEN", "Only an admin of its organization may do this, and not by delegation.", {
      details: { requiredRole: "admin" },
    });
  }
  const tier = soldTiers.find((sold) => sold === target);
  // free is a tier, and never an upgrade.
  if (!tier && target !== "free") {
    const issue = { path: "target_tier", message: "must be pro or enterprise", received: target };
    return invalid([issue], { details: { received: target } });
  }
  const organization = await findOrganization(context, organizationId);
  if (!organization) return problem("ORGANIZATION_NOT_FOUND");
  if (!tier || !isHigherTier(tier, organization.planTier)) return notRequired(organization.planTier);
  const { billing } = context.settings;
  if (!billing) return problem("BILLING_NOT_CONFIGURED");

  const existing = await findAccount(context, organizationId);
  if (existing) {
    // An event may be on its way still, or lost: who has paid is not sent to pay again.
    const settled = await syncSubscription(context, billing, existing.customerId, null);
    if (!settled.ok) return settled;
    const now = await findOrganization(context, organizationId);
    if (now && !isHigherTier(tier, now.planTier)) return notRequired(now.planTier);
  }
  const account = (await findAccount(context, organizationId)) ?? (await openAccount(context, billing, organization));
  const checkoutUrl =
    (await checkout(context, billing, account, tier)) ??
    (await checkout(context, billing, await replaceCustomer(context, billing, organization, account), tier));
  if (checkoutUrl === null) throw new DependencyDown("Stripe", new Error("it does not know the customer that it made"));
  return ok({ checkoutUrl });
}

function notRequired(present: PlanTier): Problem {
  return problem("TIER_UPGRADE_NOT_REQUIRED", `The organization has the tier ${present} already.`, {
    details: { currentTier: present },
  });
}

function checkout(
  context: Context,
  billing: BillingSettings,
  { organizationId, customerId, subscriptionId }: BillingAccount,
  tier: SoldTier,
): Promise<string | null> {
  const purchase = { organizationId, customerId, tier, lastSubscriptionId: subscriptionId };
  return createCheckout(billing, purchase, context.now());
}

/** The customer comes before the account. Of two requests at once, one account stays; the other's customer is never used. */
async function openAccount(
  context: Context,
  billing: BillingSettings,
  organization: Organization,
): Promise<BillingAccount> {
  const customerId = await createCustomer(billing, organization, null, context.now());
  await insertAccount(context, {
    organizationId: organization.id,
    customerId,
    subscriptionId: null,
    subscriptionStatus: null,
    tier: null,
    periodStart: null,
    periodEnd: null,
    endsAt: null,
    version: 1,
  });
  return storedAccount(context, organization.id);
}

/**
 * Stripe does not know the customer any more: it was deleted there, or the settings name another account.
 *
 * @throws {DependencyDown} while the organization has a subscription: that is not to be forgotten, the operator must look
 */
async function replaceCustomer(
  context: Context,
  billing: BillingSettings,
  organization: Organization,
  account: BillingAccount,
): Promise<BillingAccount> {
  const { customerId: replaced, tier } = account;
  if (tier !== null) throw new DependencyDown("Stripe", new Error(`it does not know the customer ${replaced}`));
  const customerId = await createCustomer(billing, organization, replaced, context.now());
  await updateAccount(context, account, { customerId });
  return storedAccount(context, organization.id);
}

async function storedAccount(context: Context, organizationId: OrganizationId): Promise<BillingAccount> {
  const account = await findAccount(context, organizationId);
  if (!account) throw new Error("the billing account that was written is not there");
  return account;
}
