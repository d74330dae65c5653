/** Stripe's events: what they look like, and how they are signed. */
import Stripe from "stripe";
import { id, nowSeconds, type Record_ } from "./_stripe-account.ts";

export const webhookSecret = "whsec_c3RhbmQtaW4tZm9yLXRoZS10ZXN0cw";

/** An event as Stripe makes it, with the object as it is at this moment. */
export function eventOf(type: string, object: Record_): Record_ {
  return {
    id: id("evt"),
    object: "event",
    api_version: Stripe.API_VERSION,
    created: nowSeconds(),
    type,
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    data: { object: structuredClone(object) },
  };
}

/** The body and the headers with which Stripe would deliver an event. */
export async function signed(
  event: Record_,
  { secret = webhookSecret, atSeconds = nowSeconds() }: { readonly secret?: string; readonly atSeconds?: number } = {},
): Promise<{ readonly body: string; readonly headers: Record<string, string> }> {
  const payload = JSON.stringify(event, null, 2);
  const signature = await Stripe.webhooks.generateTestHeaderStringAsync({ payload, secret, timestamp: atSeconds });
  return {
    body: payload,
    headers: { "Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature },
  };
}
