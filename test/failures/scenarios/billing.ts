/** The write routes of billing, with Stripe in place of the Internet. */
import Stripe from "stripe";
import { expect } from "vitest";
import { adminToken, type Organization } from "../../support/api.ts";
import type { Scenarios } from "../support/attack.ts";
import { bindings } from "../support/faults.ts";
import { serve } from "../support/issuer.ts";
import { inOrganization, subscribe } from "../support/organization.ts";
import { sendTo } from "../support/send.ts";

const settings = {
  STRIPE_SECRET_KEY: "sk_test_failures",
  STRIPE_WEBHOOK_SECRET: "whsec_failures",
  STRIPE_PRICE_PRO: "price_Pro",
  STRIPE_PRICE_ENTERPRISE: "price_Enterprise",
};

let made = 0;
/** What each customer has, as Stripe knows it. */
const subscriptions = new Map<string, unknown[]>();
const kept = new Map<string, unknown>();

const list = (data: readonly unknown[]) => ({ object: "list", data, has_more: false, url: "/v1/list" });

function answer(method: string, { pathname, searchParams }: URL): unknown {
  if (method === "POST" && pathname === "/v1/customers") {
    const customer = { id: `cus_${++made}`, object: "customer" };
    subscriptions.set(customer.id, []);
    return customer;
  }
  if (method === "POST" && pathname === "/v1/checkout/sessions") {
    return { id: `cs_${++made}`, object: "checkout.session", url: `https://checkout.stripe.com/c/pay/cs_${made}` };
  }
  if (method === "POST" && pathname === "/v1/billing_portal/sessions") {
    return { id: `bps_${++made}`, object: "billing_portal.session", url: "https://billing.stripe.com/p/session/one" };
  }
  if (pathname === "/v1/subscriptions") return list(subscriptions.get(searchParams.get("customer") ?? "") ?? []);
  return list([]);
}

/** Stripe gives the same answer to the same idempotency key. */
function stripe(url: URL, init: RequestInit): Response {
  const key = new Headers(init.headers).get("Idempotency-Key") ?? crypto.randomUUID();
  const told = kept.get(key) ?? answer(init.method ?? "GET", url);
  kept.set(key, told);
  return Response.json(told);
}

/** An organization's customer that has paid for a tier, of which nobody has been told. */
async function newBuyer(organization: Organization): Promise<{ customer: string; subscription: string }> {
  const { token } = organization;
  const call = { token, json: { target_tier: "pro" } };
  const opened = await sendTo({ ...bindings, ...settings }, "/api/v1/tiers/upgrade", call);
  expect(opened.status, opened.text).toBe(200);
  const row = await bindings.DB.prepare("SELECT customer_id FROM billing_accounts WHERE organization_id = ?")
    .bind(organization.organizationId)
    .first<{ customer_id: string }>();
  const customer = row?.customer_id ?? "";
  const now = Math.floor(Date.now() / 1000);
  const item = { price: { id: "price_Pro" }, current_period_start: now, current_period_end: now + 2_592_000 };
  const subscription = `sub_${++made}`;
  subscriptions.get(customer)?.push({
    id: subscription,
    object: "subscription",
    status: "active",
    created: now,
    cancel_at: null,
    cancel_at_period_end: false,
    items: list([item]),
  });
  return { customer, subscription };
}

const upgrade = (path: string) =>
  inOrganization(
    async (organization) => {
      serve("https://api.stripe.com", stripe);
      return { path, call: { token: organization.token, json: { target_tier: "pro" } }, settings };
    },
    { planTier: "free" },
  );

export const billingScenarios: Scenarios = {
  upgradeTier: upgrade("/api/v1/tiers/upgrade"),
  upgradeTierByBilling: upgrade("/api/v1/billing/upgrade"),

  "upgradeTier: by who has paid already": inOrganization(
    async (organization) => {
      serve("https://api.stripe.com", stripe);
      await subscribe(organization);
      const { customer, subscription } = await newBuyer(organization);
      const call = { token: organization.token, json: { target_tier: "enterprise" } };
      return {
        path: "/api/v1/tiers/upgrade",
        call,
        settings,
        names: { [customer]: "customer", [subscription]: "sub" },
      };
    },
    { planTier: "free" },
  ),

  openBillingPortal: inOrganization(
    async (organization) => {
      serve("https://api.stripe.com", stripe);
      const { customer, subscription } = await newBuyer(organization);
      return {
        path: "/api/v1/billing/portal",
        call: { method: "POST", token: await adminToken(organization) },
        settings,
        names: { [customer]: "customer", [subscription]: "sub" },
      };
    },
    { planTier: "free" },
  ),

  receiveEventFromStripe: inOrganization(
    async (organization) => {
      serve("https://api.stripe.com", stripe);
      await subscribe(organization);
      const { customer, subscription } = await newBuyer(organization);
      const id = `evt_${++made}`;
      const type = "customer.subscription.updated";
      const payload = JSON.stringify({ id, object: "event", type, data: { object: { customer } } });
      const signature = await Stripe.webhooks.generateTestHeaderStringAsync({
        payload,
        secret: settings.STRIPE_WEBHOOK_SECRET,
        cryptoProvider: Stripe.createSubtleCryptoProvider(),
      });
      const headers = { "Content-Type": "application/json", "Stripe-Signature": signature };
      const names = { [customer]: "customer", [subscription]: "sub", [id]: "event" };
      return { path: "/api/v1/billing/webhook", call: { body: payload, headers }, settings, names };
    },
    { planTier: "free" },
  ),
};
