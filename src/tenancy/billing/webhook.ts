/** Stripe's events: each is checked, and has its effect once. */
import type Stripe from "stripe";
import type { Context } from "../../platform/context.ts";
import { invalid, problem } from "../../platform/problems/problems.ts";
import { ok, type Result } from "../../platform/problems/result.ts";
import { verifiedEvent } from "./stripe.ts";
import { syncSubscription } from "./sync.ts";

/** The events that can change what a subscription is worth. */
const concerning = /^(checkout\.session|customer\.subscription)\./;

/** Whose subscription the event may have changed; null when it changes none. */
function customerOf({ type, data }: Stripe.Event): string | null {
  if (!concerning.test(type)) return null;
  const { customer } = data.object as { readonly customer?: string | { readonly id: string } | null };
  return (typeof customer === "object" ? customer?.id : customer) ?? null;
}

/**
 * Takes an event of Stripe's. It is only a reason to ask Stripe how things are; what it says has no effect.
 *
 * @param body exactly as it came: the signature is over its bytes
 * @returns `VALIDATION_ERROR` when it is not signed by Stripe, or more than five minutes ago
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
