/** Stripe, as far as this service talks to it. Its library is loaded on first use: no other request pays for it. */
import type Stripe from "stripe";
import { canonicalJson, sha256Hex } from "../../platform/crypto/canonical-json.ts";
import { DependencyDown } from "../../platform/dependency.ts";
import type { Settings } from "../../platform/env.ts";
import type { OrganizationId } from "../../platform/ids.ts";
import { minuteMs } from "../../platform/time.ts";

/** The account at Stripe, from the settings. */
export type BillingSettings = NonNullable<Settings["billing"]>;

const timeoutMs = 10_000;

/** Two clicks within this time make one session. Stripe repeats its answer to a key, a failure too, so it is not for long. */
const sameClickMs = 10 * minuteMs;

/** How old an event may be when it comes, in seconds; Stripe signs anew each time it repeats one. */
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

/** Whether Stripe says that there is no such thing (any more). */
function isMissing(error: unknown, param: string): boolean {
  const { code, param: named } = error as { readonly code?: unknown; readonly param?: unknown };
  return code === "resource_missing" && named === param;
}

/**
 * Asks Stripe.
 *
 * @param missing the parameter whose object may be unknown to Stripe; then the answer is null
 * @throws {DependencyDown} when Stripe does not answer or refuses: neither is the caller's doing
 */
async function ask<T>(
  billing: BillingSettings,
  question: (stripe: Stripe) => Promise<T>,
  missing: string,
): Promise<T | null> {
  const stripe = await clientOf(billing);
  try {
    return await question(stripe);
  } catch (error) {
    if (isMissing(error, missing)) return null;
    throw new DependencyDown("Stripe", error);
  }
}

const clickOf = (nowMs: number) => Math.floor(nowMs / sameClickMs);

/**
 * Makes the customer that all sessions and subscriptions of an organization belong to.
 *
 * @param replaced the customer that Stripe no longer knows; null for the first
 */
export async function createCustomer(
  billing: BillingSettings,
  organization: { readonly id: OrganizationId; readonly slug: string },
  replaced: string | null,
  nowMs: number,
): Promise<string> {
  const { id, slug } = organization;
  const idempotencyKey = `customer:${id}:${replaced ?? "first"}:${clickOf(nowMs)}`;
  const customer = await ask(
    billing,
    (stripe) => stripe.customers.create({ name: slug, metadata: { organization_id: id } }, { idempotencyKey }),
    "",
  );
  if (!customer) throw new DependencyDown("Stripe", new Error("no customer was made"));
  return customer.id;
}

/** What is to be bought, and by whom. */
export interface Purchase {
  readonly organizationId: OrganizationId;
  readonly customerId: string;
  readonly tier: "pro" | "enterprise";
  /** The customer's last subscription: after it, the same purchase is another one. */
  readonly lastSubscriptionId: string | null;
}

/** The address of a Checkout page where the purchase can be paid; null when Stripe does not know the customer. */
export async function createCheckout(
  billing: BillingSettings,
  { organizationId, customerId, tier, lastSubscriptionId }: Purchase,
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
  // The key holds everything that is sent: Stripe refuses another request under the same key.
  const digest = sha256Hex(canonicalJson([session, lastSubscriptionId, clickOf(nowMs)] as const));
  const options = { idempotencyKey: `checkout:${organizationId}:${digest}` };
  const created = await ask(billing, (stripe) => stripe.checkout.sessions.create(session, options), "customer");
  if (created === null) return null;
  if (!created.url) throw new DependencyDown("Stripe", new Error("the session has no address"));
  return created.url;
}

/** The customer's last hundred subscriptions, in whatever state; null when Stripe does not know the customer. */
export async function listSubscriptions(
  billing: BillingSettings,
  customerId: string,
): Promise<readonly Stripe.Subscription[] | null> {
  const list = await ask(
    billing,
    (stripe) => stripe.subscriptions.list({ customer: customerId, status: "all", limit: 100 }),
    "customer",
  );
  return list?.data ?? null;
}

/** Ends a subscription at once; what was paid for the rest of its period is credited to the customer's next invoices. */
export async function cancelSubscription(billing: BillingSettings, subscriptionId: string): Promise<void> {
  await ask(
    billing,
    (stripe) => stripe.subscriptions.cancel(subscriptionId, { prorate: true, invoice_now: true }),
    "id",
  );
}

/** Closes the Checkout pages that the customer has left open, so that none of them is paid by mistake. */
export async function expireOpenCheckouts(billing: BillingSettings, customerId: string): Promise<void> {
  const open = await ask(
    billing,
    (stripe) => stripe.checkout.sessions.list({ customer: customerId, status: "open", limit: 100 }),
    "customer",
  );
  for (const { id } of open?.data ?? []) {
    await ask(billing, (stripe) => stripe.checkout.sessions.expire(id), "session");
  }
}

/** The event in a webhook's body, or null when the signature is not Stripe's over this body, or too old. */
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
