/** The requests to Stripe. Its library is loaded on first use, so that other requests do not pay for it. */
import type Stripe from "stripe";
import { canonicalJson, sha256Hex } from "../../platform/crypto/canonical-json.ts";
import { DependencyDown } from "../../platform/dependency.ts";
import type { Settings } from "../../platform/env.ts";
import { minuteMs } from "../../platform/time.ts";
import type { Organization } from "../organizations/service.ts";
import type { BillingAccount } from "./store.ts";

/** The account at Stripe, from the settings. */
export type BillingSettings = NonNullable<Settings["billing"]>;

const timeoutMs = 10_000;

/** Two requests in this time create one session. It is short, because Stripe repeats its response to a key, failures too. */
const samePurchaseMs = 10 * minuteMs;

/** The greatest age of an event, in seconds. Stripe signs each repetition again. */
const toleranceSeconds = 300;

const clients = new WeakMap<BillingSettings, Stripe>();

async function clientOf(billing: BillingSettings): Promise<Stripe> {
  const cached = clients.get(billing);
  if (cached) return cached;
  const { default: StripeClient } = await import("stripe");
  const { protocol, hostname, port } = new URL(billing.apiUrl);
  const client = new StripeClient(billing.secretKey, {
    protocol: protocol === "http:" ? "http" : "https",
    host: hostname,
    port: port || (protocol === "http:" ? 80 : 443),
    httpClient: StripeClient.createFetchHttpClient(),
    timeout: timeoutMs,
    maxNetworkRetries: 1,
    telemetry: false,
  });
  clients.set(billing, client);
  return client;
}

/** Whether Stripe reports that the object of this parameter does not exist. */
function isMissing(error: unknown, param: string): boolean {
  const { code, param: named } = error as { readonly code?: unknown; readonly param?: unknown };
  return code === "resource_missing" && named === param;
}

/**
 * Sends a request to Stripe.
 *
 * @param missing the parameter whose object may be unknown to Stripe; then the result is null
 * @throws {DependencyDown} when Stripe does not answer, or refuses: both are no fault of the caller
 */
async function send<T>(
  billing: BillingSettings,
  request: (stripe: Stripe) => Promise<T>,
  missing: string,
): Promise<T | null> {
  const stripe = await clientOf(billing);
  try {
    return await request(stripe);
  } catch (error) {
    if (isMissing(error, missing)) return null;
    throw new DependencyDown("Stripe", error);
  }
}

const purchasePeriod = (nowMs: number) => Math.floor(nowMs / samePurchaseMs);

/**
 * Creates the customer of an organization, which all its sessions and subscriptions belong to.
 *
 * @param replaced the previous customer, which Stripe does not know any more; null for the first
 */
export async function createCustomer(
  billing: BillingSettings,
  { id, slug }: Organization,
  replaced: string | null,
  nowMs: number,
): Promise<string> {
  const idempotencyKey = `customer:${id}:${replaced ?? "first"}:${purchasePeriod(nowMs)}`;
  const customer = await send(
    billing,
    (stripe) => stripe.customers.create({ name: slug, metadata: { organization_id: id } }, { idempotencyKey }),
    "",
  );
  if (!customer) throw new DependencyDown("Stripe", new Error("no customer was created"));
  return customer.id;
}

/** The address of a Checkout page for a tier; null when Stripe does not know the customer. */
export async function createCheckout(
  billing: BillingSettings,
  { organizationId, customerId, subscriptionId }: BillingAccount,
  tier: keyof BillingSettings["prices"],
  nowMs: number,
): Promise<string | null> {
  const [price] = billing.prices[tier];
  const metadata = { organization_id: organizationId, target_tier: tier };
  const session: Stripe.Checkout.SessionCreateParams = {
    mode: "subscription",
    customer: customerId,
    client_reference_id: organizationId,
    line_items: [{ ...(price ? { price } : {}), quantity: 1 }],
    metadata,
    subscription_data: { metadata },
    success_url: billing.successUrl,
    cancel_url: billing.cancelUrl,
  };
  // The key covers the whole request, because Stripe refuses a different request under the same key. It also covers the last
  // subscription: after its end the same purchase is a new one.
  const digest = sha256Hex(canonicalJson([session, subscriptionId, purchasePeriod(nowMs)] as const));
  const options = { idempotencyKey: `checkout:${organizationId}:${digest}` };
  const created = await send(billing, (stripe) => stripe.checkout.sessions.create(session, options), "customer");
  if (created === null) return null;
  if (!created.url) throw new DependencyDown("Stripe", new Error("the session has no address"));
  return created.url;
}

/**
 * The address of the customer portal, which links back to `returnUrl`; null when Stripe does not know the customer.
 *
 * @param requestId the same for each attempt of one request: Stripe then makes one session
 */
export async function createPortal(
  billing: BillingSettings,
  customerId: string,
  requestId: string | undefined,
): Promise<string | null> {
  const options = requestId === undefined ? {} : { idempotencyKey: `portal:${customerId}:${requestId}` };
  const session = await send(
    billing,
    (stripe) => stripe.billingPortal.sessions.create({ customer: customerId, return_url: billing.returnUrl }, options),
    "customer",
  );
  return session?.url ?? null;
}

/** Every object of a list, to its last page. */
async function everyOf<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const objects: T[] = [];
  for await (const object of list) objects.push(object);
  return objects;
}

/** Every subscription of the customer, of any status; null when Stripe does not know the customer. */
export function listSubscriptions(
  billing: BillingSettings,
  customerId: string,
): Promise<readonly Stripe.Subscription[] | null> {
  return send(
    billing,
    (stripe) => everyOf(stripe.subscriptions.list({ customer: customerId, status: "all", limit: 100 })),
    "customer",
  );
}

/** Cancels a subscription at once. Stripe credits the rest of the paid period to the customer's next invoices. */
export async function cancelSubscription(billing: BillingSettings, subscriptionId: string): Promise<void> {
  await send(
    billing,
    (stripe) => stripe.subscriptions.cancel(subscriptionId, { prorate: true, invoice_now: true }),
    "id",
  );
}

/** Expires the customer's open Checkout pages, so that a person does not pay twice by mistake. */
export async function expireOpenCheckouts(billing: BillingSettings, customerId: string): Promise<void> {
  const open = await send(
    billing,
    (stripe) => everyOf(stripe.checkout.sessions.list({ customer: customerId, status: "open", limit: 100 })),
    "customer",
  );
  for (const { id } of open ?? []) {
    await send(billing, (stripe) => stripe.checkout.sessions.expire(id), "session");
  }
}

/** The event in a webhook's body; null when the signature is not Stripe's over this body, or is too old. */
export async function verifiedEvent(
  billing: BillingSettings,
  body: string,
  signature: string,
  nowMs: number,
): Promise<Stripe.Event | null> {
  const { default: StripeClient } = await import("stripe");
  const provider = StripeClient.createSubtleCryptoProvider();
  try {
    return await StripeClient.webhooks.constructEventAsync(
      body,
      signature,
      billing.webhookSecret,
      toleranceSeconds,
      provider,
      nowMs,
    );
  } catch {
    return null;
  }
}
