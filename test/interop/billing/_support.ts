/** A Worker that sells tiers through the stand-in for Stripe, a tenant that buys them, and the steps that the tests share. */
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { type Admin, type Body, send, setUp, tokenFor, unique } from "../../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../../support/worker-process.ts";
import { type StandInStripe, startStripe, stripeKey } from "./_stand-in-stripe.ts";
import { oldProPrice, prices } from "./_stripe-account.ts";
import { eventOf, signed, webhookSecret } from "./_stripe-events.ts";

/** Those of the present test. */
export let stripe: StandInStripe;
export let worker: WorkerProcess;
export let operator: Admin;
/** On the free tier, and new in each test. */
export let tenant: Admin;

/** Has a Worker that sells tiers, and a Stripe to sell them through, for the tests of a file. */
export function withBilling(): void {
  beforeAll(async () => {
    stripe = await startStripe();
    worker = await newWorkerProcess({
      STRIPE_API_URL: stripe.origin,
      STRIPE_SECRET_KEY: stripeKey,
      STRIPE_WEBHOOK_SECRET: webhookSecret,
      STRIPE_PRICE_PRO: `${prices.pro},${oldProPrice}`,
      STRIPE_PRICE_ENTERPRISE: prices.enterprise,
      BILLING_SUCCESS_URL: "https://app.example.com/billing?paid={CHECKOUT_SESSION_ID}",
    });
    await worker.start();
    operator = await setUp(worker.issuer);
  });
  afterAll(async () => {
    await worker?.stop();
    await stripe?.close();
  });

  beforeEach(async () => {
    Object.assign(stripe.state, { delayMs: 0, fail: () => null });
    tenant = await newTenant();
  });
}

const scope = "agents:read agents:write audit:read webhooks:write admin:orgs";

export async function newTenant(fields: Record<string, unknown> = {}): Promise<Admin> {
  const slug = unique("paying");
  const answer = await send(worker.issuer, "/api/v1/organizations", {
    token: operator.token,
    json: { name: slug, slug, adminEmail: `admin@${slug}.example`, planTier: "free", ...fields },
  });
  expect(answer.status, answer.text).toBe(201);
  const { organizationId, admin } = answer.body;
  return { ...admin, organizationId, token: await tokenFor(worker.issuer, admin, { scope }) };
}

export const upgrade = (target_tier: string, { token } = tenant, path = "/api/v1/tiers/upgrade") =>
  send(worker.issuer, path, { token, json: { target_tier } });

export async function checkout(tier: "pro" | "enterprise", who = tenant): Promise<string> {
  const answer = await upgrade(tier, who);
  expect(answer.status, answer.text).toBe(200);
  expect(Object.keys(answer.body)).toEqual(["checkoutUrl"]);
  return answer.body.checkoutUrl;
}

export async function deliverRaw({ body, headers }: Awaited<ReturnType<typeof signed>>) {
  const response = await fetch(`${worker.issuer}/api/v1/billing/webhook`, { method: "POST", body, headers });
  return { status: response.status, body: (await response.json()) as Body };
}

export async function deliver(event: Body): Promise<number> {
  return (await deliverRaw(await signed(event))).status;
}

export async function status({ token } = tenant): Promise<Body> {
  const answer = await send(worker.issuer, "/api/v1/tiers/status", { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}
export const tierOf = async (who = tenant) => (await status(who)).tier;

/** From the upgrade to the tier, as when nothing goes wrong. */
export async function buy(tier: "pro" | "enterprise", who = tenant) {
  const { session, subscription } = stripe.pay(await checkout(tier, who));
  expect(await deliver(eventOf("checkout.session.completed", session))).toBe(200);
  expect(await tierOf(who)).toBe(tier);
  return { session, subscription };
}

export async function tierChanges({ token } = tenant): Promise<string[]> {
  const answer = await send(worker.issuer, "/api/v1/audit?action=tier.changed&limit=100", { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data.map(({ details }: Body) => `${details.planTier.from} → ${details.planTier.to}`).reverse();
}

export const update = (subscription: Body) => deliver(eventOf("customer.subscription.updated", subscription));

/** Goes on with another tenant. */
export async function takeNewTenant(): Promise<void> {
  tenant = await newTenant();
}
