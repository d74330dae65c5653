/** The customer portal: a page at Stripe with the payment method, the invoices and the cancellation. */
import type { Caller } from "../../access/caller.ts";
import type { Context } from "../../platform/context.ts";
import { problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { findAccount } from "./store.ts";
import { createPortal } from "./stripe.ts";
import { syncSubscription } from "./sync.ts";

/**
 * Opens the customer portal of the caller's organization.
 *
 * @returns `BILLING_NOT_CONFIGURED` without an account at Stripe, `NO_CUSTOMER` for an organization that never paid, or whose
 *   customer Stripe does not know any more
 * @throws {DependencyDown} when Stripe does not answer
 */
export async function openPortal(
  context: Context,
  { organizationId }: Caller,
): Promise<Result<{ readonly portalUrl: string }>> {
  const { billing } = context.settings;
  if (!billing) return problem("BILLING_NOT_CONFIGURED");
  let account = await findAccount(context, organizationId);
  if (account && account.subscriptionId === null) {
    // Stripe's event for the first payment may be late or lost.
    const synced = await syncSubscription(context, billing, account.customerId, null);
    if (!synced.ok) return synced;
    account = await findAccount(context, organizationId);
  }
  const portalUrl = account?.subscriptionId ? await createPortal(billing, account.customerId, context.claim?.id) : null;
  return portalUrl === null ? problem("NO_CUSTOMER") : ok({ portalUrl });
}
