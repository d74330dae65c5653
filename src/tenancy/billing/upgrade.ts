/** Upgrades: opens a Checkout page at Stripe for a subscription. The tier follows when Stripe confirms the payment. */
import type { Caller } from "../../access/caller.ts";
import type { PlanTier } from "../../ledger/tier-limits.ts";
import type { Context } from "../../platform/context.ts";
import { DependencyDown } from "../../platform/dependency.ts";
import { cutText, longestValue } from "../../platform/problems/bounds.ts";
import { invalid, type Problem, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { findOrganization, type Organization } from "../organizations/service.ts";
import { isHigherTier } from "../tiers/service.ts";
import { soldTiers } from "./entitlement.ts";
import { type BillingAccount, findAccount, insertAccount, updateAccount } from "./store.ts";
import { type BillingSettings, createCheckout, createCustomer } from "./stripe.ts";
import { syncSubscription } from "./sync.ts";

/**
 * Opens a Checkout page for a higher tier.
 *
 * @returns `VALIDATION_ERROR` for an unknown tier, `FORBIDDEN` unless the caller itself is an admin,
 *   `TIER_UPGRADE_NOT_REQUIRED` for the same or a lower tier, `BILLING_NOT_CONFIGURED` without an account at Stripe
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
  // free is a tier, but never an upgrade.
  if (!tier && target !== "free") {
    const received = cutText(target, longestValue);
    return invalid([{ path: "target_tier", message: "must be pro or enterprise", received }], {
      details: { received },
    });
  }
  const organization = await findOrganization(context, organizationId);
  if (!organization) return problem("ORGANIZATION_NOT_FOUND");
  if (!tier || !isHigherTier(tier, organization.planTier)) return notRequired(organization.planTier);
  const { billing } = context.settings;
  if (!billing) return problem("BILLING_NOT_CONFIGURED");

  const existing = await findAccount(context, organizationId);
  if (existing) {
    // Stripe's event for a payment may be late or lost. An organization that has paid must not pay again.
    const synced = await syncSubscription(context, billing, existing.customerId, null);
    if (!synced.ok) return synced;
    const now = await findOrganization(context, organizationId);
    if (now && !isHigherTier(tier, now.planTier)) return notRequired(now.planTier);
  }
  const create = (account?: BillingAccount) => newCustomer(context, billing, organization, account);
  const checkoutOf = (account: BillingAccount) => createCheckout(billing, account, tier, context.now());
  const account = (await findAccount(context, organizationId)) ?? (await create());
  const checkoutUrl = (await checkoutOf(account)) ?? (await checkoutOf(await create(account)));
  if (checkoutUrl === null)
    throw new DependencyDown("Stripe", new Error("it does not know the customer it has created"));
  return ok({ checkoutUrl });
}

function notRequired(present: PlanTier): Problem {
  return problem("TIER_UPGRADE_NOT_REQUIRED", `The organization has the tier ${present} already.`, {
    details: { currentTier: present },
  });
}

/**
 * Creates a customer and stores it in the account: the first customer, or a new one after Stripe has lost the previous (it was
 * deleted there, or the settings name another account). Of two concurrent requests one customer stays; the other is never used.
 *
 * @throws {DependencyDown} while the organization has a subscription: it must not be lost, so the operator must act
 */
async function newCustomer(
  context: Context,
  billing: BillingSettings,
  organization: Organization,
  account: BillingAccount | undefined,
): Promise<BillingAccount> {
  const replaced = account?.customerId ?? null;
  if (account?.tier) throw new DependencyDown("Stripe", new Error(`it does not know the customer ${replaced}`));
  const customerId = await createCustomer(billing, organization, replaced, context.now());
  await (account
    ? updateAccount(context, account, { customerId })
    : insertAccount(context, organization.id, customerId));
  const stored = await findAccount(context, organization.id);
  if (!stored) throw new Error("the billing account was not stored");
  return stored;
}
