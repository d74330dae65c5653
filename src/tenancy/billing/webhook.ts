/** Stripe's events: each is verified, and has its effect once. */
import type Stripe from "stripe";
import type { Context } from "../../platform/context.ts";
import { invalid, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { verifiedEvent } from "./stripe.ts";
import { syncSubscription } from "./sync.ts";

/** The events that can change a subscription. */
const relevant = /^(checkout\.session|customer\.subscription)\./;

/** The customer whose subscription the event may have changed; null for other events. */
function customerOf({ type, data }: Stripe.Event): string | null {
  // Its subscriptions end with it.
  if (type === "customer.deleted") return (data.object as { readonly id: string }).id;
  if (!relevant.test(type)) return null;
  const { customer } = data.object as { readonly customer?: string | { readonly id: string } | null };
  return (typeof customer === "object" ? customer?.id : customer) ?? null;
}

/**
 * Receives an event of Stripe's. After an event the service reads the subscription from Stripe; the event's content has no effect.
 *
 * @param body the received bytes, which the signature covers
 * @returns `VALIDATION_ERROR` without a signature of Stripe's from the last five minutes
 * @throws {DependencyDown} when Stripe or the database does not answer; Stripe then sends the event again
 */
export async function receiveEvent(
  context: Context,
  body: string,
  signature: string | undefined,
): Promise<Result<undefined>> {
  const { billing } = context.settings;
  if (!billing) return problem("BILLING_NOT_CONFIGURED");
  const event = await verifiedEvent(billing, body, signature ?? "", context.now());
  if (!event) {
    const message = "is not Stripe's signature of this body, or is older than five minutes";
    return invalid([{ path: "Stripe-Signature", message }]);
  }
  const customerId = customerOf(event);
  return customerId === null
    ? ok()
    : syncSubscription(context, billing, customerId, { id: event.id, type: event.type });
}
