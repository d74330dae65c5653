/** Billing against a server that speaks Stripe's API: from the upgrade to the limits that follow, and everything that can go wrong. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type Admin,
  agentFields,
  type Body,
  newClient,
  send,
  setUp,
  tokenFor,
  unique,
} from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import {
  eventOf,
  oldProPrice,
  prices,
  type StandInStripe,
  signed,
  startStripe,
  stripeKey,
  webhookSecret,
} from "./stand-in-stripe.ts";

let stripe: StandInStripe;
let worker: WorkerProcess;
let operator: Admin;
let tenant: Admin;

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

const scope = "agents:read agents:write audit:read admin:orgs";

async function newTenant(fields: Record<string, unknown> = {}): Promise<Admin> {
  const slug = unique("paying");
  const answer = await send(worker.issuer, "/api/v1/organizations", {
    token: operator.token,
    json: { name: slug, slug, adminEmail: `admin@${slug}.example`, planTier: "free", ...fields },
  });
  expect(answer.status, answer.text).toBe(201);
  const { organizationId, admin } = answer.body;
  return { ...admin, organizationId, token: await tokenFor(worker.issuer, admin, { scope }) };
}

const upgrade = (target_tier: string, { token } = tenant, path = "/api/v1/tiers/upgrade") =>
  send(worker.issuer, path, { token, json: { target_tier } });

async function checkout(tier: "pro" | "enterprise", who = tenant): Promise<string> {
  const answer = await upgrade(tier, who);
  expect(answer.status, answer.text).toBe(200);
  expect(Object.keys(answer.body)).toEqual(["checkoutUrl"]);
  return answer.body.checkoutUrl;
}

async function deliverRaw({ body, headers }: Awaited<ReturnType<typeof signed>>) {
  const response = await fetch(`${worker.issuer}/api/v1/billing/webhook`, { method: "POST", body, headers });
  return { status: response.status, body: (await response.json()) as Body };
}

async function deliver(event: Body): Promise<number> {
  return (await deliverRaw(await signed(event))).status;
}

async function status({ token } = tenant): Promise<Body> {
  const answer = await send(worker.issuer, "/api/v1/tiers/status", { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}
const tierOf = async (who = tenant) => (await status(who)).tier;

/** From the upgrade to the tier, as when nothing goes wrong. */
async function buy(tier: "pro" | "enterprise", who = tenant) {
  const { session, subscription } = stripe.pay(await checkout(tier, who));
  expect(await deliver(eventOf("checkout.session.completed", session))).toBe(200);
  expect(await tierOf(who)).toBe(tier);
  return { session, subscription };
}

async function tierChanges({ token } = tenant): Promise<string[]> {
  const answer = await send(worker.issuer, "/api/v1/audit?action=tier.changed&limit=100", { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data.map(({ details }: Body) => `${details.planTier.from} → ${details.planTier.to}`).reverse();
}

const update = (subscription: Body) => deliver(eventOf("customer.subscription.updated", subscription));

describe("upgrade", () => {
  it("leads to a Checkout page, the payment to the tier, and the tier to its limits on the next request", async () => {
    expect(await status()).toMatchObject({
      tier: "free",
      limits: { maxAgents: 10, maxCallsPerDay: 1000, maxTokensPerDay: 1000, maxTokensPerMonth: null },
    });
    const register = () => send(worker.issuer, "/api/v1/agents", { token: tenant.token, json: agentFields() });
    for (let made = 1; made < 10; made++) expect((await register()).status).toBe(201);
    expect((await register()).body).toMatchObject({ code: "FREE_TIER_LIMIT_EXCEEDED" });

    const url = await checkout("pro");
    const session = stripe.sessionAt(url);
    const metadata = { organization_id: tenant.organizationId, target_tier: "pro" };
    expect(session).toMatchObject({
      mode: "subscription",
      client_reference_id: tenant.organizationId,
      metadata,
      subscription_data: { metadata },
      line_items: { 0: { price: prices.pro, quantity: "1" } },
      success_url: "https://app.example.com/billing?paid={CHECKOUT_SESSION_ID}",
      cancel_url: `${worker.issuer}/docs`,
    });
    expect(stripe.customers.get(session.customer).metadata).toEqual({ organization_id: tenant.organizationId });
    expect(await tierOf()).toBe("free");

    const paid = stripe.pay(url);
    expect(await deliver(eventOf("checkout.session.completed", paid.session))).toBe(200);
    expect((await register()).status).toBe(201);
    const now = await status();
    expect(now).toMatchObject({
      tier: "pro",
      limits: { maxAgents: 100, maxCallsPerDay: 50_000, maxTokensPerDay: 50_000, maxTokensPerMonth: null },
    });
    expect(now.usage.agentCount).toBe(11);
    expect(await tierChanges()).toEqual(["free → pro"]);
  });

  it("has a second path", async () => {
    const answer = await upgrade("pro", tenant, "/api/v1/billing/upgrade");
    expect([answer.status, answer.body]).toEqual([200, { checkoutUrl: await checkout("pro") }]);
  });

  it("makes one session and one customer of twenty clicks at once", async () => {
    stripe.state.delayMs = 200;
    const before = { sessions: stripe.sessions.size, customers: stripe.customers.size };
    const urls = await Promise.all(Array.from({ length: 20 }, () => checkout("pro")));
    expect(new Set(urls).size).toBe(1);
    expect(stripe.sessions.size - before.sessions).toBe(1);
    expect(stripe.customers.size - before.customers).toBe(1);
  });

  it("asks with the version of the library, and never sends the token", async () => {
    await checkout("pro");
    expect(new Set(stripe.requests.map(({ version }) => version))).toEqual(new Set([eventOf("any", {}).api_version]));
    expect(JSON.stringify(stripe.requests)).not.toContain(tenant.token);
  });

  it("answers TIER_UPGRADE_NOT_REQUIRED for the same and for a lower tier", async () => {
    await buy("pro");
    for (const tier of ["free", "pro"]) {
      const { status, body } = await upgrade(tier);
      expect([status, body.code, body.details]).toEqual([400, "TIER_UPGRADE_NOT_REQUIRED", { currentTier: "pro" }]);
    }
    const ofOperator = await upgrade("enterprise", operator);
    expect([ofOperator.status, ofOperator.body.code]).toEqual([400, "TIER_UPGRADE_NOT_REQUIRED"]);
  });

  it("names an unknown tier", async () => {
    const { status, body } = await upgrade("platinum");
    expect([status, body.code, body.details.received]).toEqual([400, "VALIDATION_ERROR", "platinum"]);
  });

  it("is for admins, whatever their scopes", async () => {
    const member = await newClient(worker.issuer, tenant.token, { grantedScopes: ["agents:write", "admin:orgs"] });
    const token = await tokenFor(worker.issuer, member, { scope: "admin:orgs agents:write" });
    const refused = await upgrade("pro", { ...tenant, token });
    expect([refused.status, refused.body.code]).toEqual([403, "FORBIDDEN"]);
    const plain = await tokenFor(worker.issuer, tenant, { scope: "audit:read" });
    expect((await upgrade("pro", { ...tenant, token: plain })).status).toBe(200);
  });

  it("answers 503 while Stripe fails, and opens the page once it is back", async () => {
    stripe.state.fail = () => 0;
    const refused = await upgrade("pro");
    expect([refused.status, refused.body.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
    stripe.state.fail = () => null;
    expect(await checkout("pro")).toMatch(/^https:\/\/checkout\.stripe\.com\//);
  });

  it("does not send who has paid to pay again, even when Stripe's event was lost", async () => {
    stripe.pay(await checkout("pro"));
    const answer = await upgrade("pro");
    expect([answer.status, answer.body.code]).toEqual([400, "TIER_UPGRADE_NOT_REQUIRED"]);
    expect(await tierOf()).toBe("pro");
  });

  it("opens another page after the subscription has ended", async () => {
    const first = await checkout("pro");
    const { subscription } = stripe.pay(first);
    subscription.status = "canceled";
    await deliver(eventOf("customer.subscription.deleted", subscription));
    const second = await checkout("pro");
    expect(second).not.toBe(first);
    expect(stripe.sessionAt(second)).toMatchObject({ status: "open", customer: subscription.customer });
  });

  it("takes a new customer when Stripe has none any more", async () => {
    const { customer } = stripe.sessionAt(await checkout("pro"));
    stripe.customers.delete(customer);
    const session = stripe.sessionAt(await checkout("enterprise"));
    expect(session.customer).not.toBe(customer);
    expect((await buy("enterprise")).subscription.customer).toBe(session.customer);
  });
});

describe("from pro to enterprise", () => {
  it("the new subscription takes the place of the old one, which is credited", async () => {
    const { subscription: pro } = await buy("pro");
    const { subscription: enterprise } = await buy("enterprise");
    expect(enterprise.customer).toBe(pro.customer);
    expect(pro).toMatchObject({ status: "canceled", credited: true });
    expect(enterprise.status).toBe("active");
    expect(await deliver(eventOf("customer.subscription.deleted", pro))).toBe(200);
    expect(await tierOf()).toBe("enterprise");
    expect(await tierChanges()).toEqual(["free → pro", "pro → enterprise"]);
  });

  it("who has paid is not kept waiting when the old subscription cannot be cancelled; that follows", async () => {
    const { subscription: pro } = await buy("pro");
    const { session } = stripe.pay(await checkout("enterprise"));
    stripe.state.fail = ({ method }) => (method === "DELETE" ? 500 : null);
    const event = eventOf("checkout.session.completed", session);
    expect(await deliver(event)).toBe(503);
    expect(await tierOf()).toBe("enterprise");
    expect(pro.status).toBe("active");
    stripe.state.fail = () => null;
    expect(await deliver(event)).toBe(200);
    expect(pro.status).toBe("canceled");
    expect(await tierChanges()).toEqual(["free → pro", "pro → enterprise"]);
  });

  it("pages that are still open are closed when one is paid, and two that were paid at once leave one subscription", async () => {
    const [pro, enterprise] = [await checkout("pro"), await checkout("enterprise")];
    await deliver(eventOf("checkout.session.completed", stripe.pay(enterprise).session));
    expect(stripe.sessionAt(pro).status).toBe("expired");

    tenant = await newTenant();
    const [a, b] = [await checkout("pro"), await checkout("enterprise")];
    const paid = [stripe.pay(a), stripe.pay(b)];
    await Promise.all(paid.map(({ session }) => deliver(eventOf("checkout.session.completed", session))));
    expect(await tierOf()).toBe("enterprise");
    expect(paid.map(({ subscription }) => subscription.status)).toEqual(["canceled", "active"]);
  });
});

describe("the tier is the subscription's true state", () => {
  it("after the same event five times, at once and again", async () => {
    const { session } = stripe.pay(await checkout("pro"));
    const event = eventOf("checkout.session.completed", session);
    expect(await Promise.all(Array.from({ length: 5 }, () => deliver(event)))).toEqual([200, 200, 200, 200, 200]);
    expect(await tierOf()).toBe("pro");
    const asked = stripe.requests.length;
    expect(await deliver(event)).toBe(200);
    expect(stripe.requests.length).toBe(asked);
    expect(await tierChanges()).toEqual(["free → pro"]);
  });

  it("after events in the wrong order", async () => {
    const { session, subscription } = stripe.pay(await checkout("pro"));
    const completed = eventOf("checkout.session.completed", session);
    const active = eventOf("customer.subscription.updated", subscription);
    subscription.status = "canceled";
    const deleted = eventOf("customer.subscription.deleted", subscription);
    for (const event of [deleted, active, completed]) {
      expect(await deliver(event)).toBe(200);
      expect(await tierOf()).toBe("free");
    }
    expect(await tierChanges()).toEqual([]);
  });

  it("when an answer of Stripe is overtaken by a newer one", async () => {
    const { subscription } = await buy("pro");
    subscription.status = "unpaid";
    await update(subscription);
    subscription.status = "active";
    stripe.state.delayMs = 800;
    const asked = stripe.requests.length;
    const late = update(subscription);
    await expect.poll(() => stripe.requests.length).toBeGreaterThan(asked);
    subscription.status = "unpaid";
    stripe.state.delayMs = 0;
    expect(await update(subscription)).toBe(200);
    expect(await late).toBe(200);
    expect(await tierOf()).toBe("free");
    expect(await tierChanges()).toEqual(["free → pro", "pro → free"]);
  });

  it.each([
    ["active", "pro"],
    ["trialing", "pro"],
    ["past_due", "pro"],
    ["unpaid", "free"],
    ["paused", "free"],
    ["incomplete_expired", "free"],
    ["canceled", "free"],
  ])("when it is %s: %s", async (state, tier) => {
    const { subscription } = await buy("pro");
    subscription.status = state;
    expect(await update(subscription)).toBe(200);
    expect(await tierOf()).toBe(tier);
    subscription.status = "active";
    expect(await update(subscription)).toBe(200);
    expect(await tierOf()).toBe("pro");
  });

  it("after a cancellation: what is there stays, and more is refused", async () => {
    const { subscription } = await buy("pro");
    const register = () => send(worker.issuer, "/api/v1/agents", { token: tenant.token, json: agentFields() });
    for (let made = 1; made < 12; made++) expect((await register()).status).toBe(201);
    subscription.status = "canceled";
    await deliver(eventOf("customer.subscription.deleted", subscription));
    const refused = await register();
    expect([refused.status, refused.body.details]).toMatchObject([403, { limit: "maxAgents", max: 10, current: 12 }]);
    expect(await status()).toMatchObject({ tier: "free", usage: { agentCount: 12 } });
    expect((await send(worker.issuer, "/api/v1/agents", { token: tenant.token })).body.data).toHaveLength(12);
  });

  it("for a price of earlier buyers, and for none that is not ours", async () => {
    const { customer } = stripe.sessionAt(await checkout("enterprise"));
    const other = stripe.subscribe(customer, "price_1SomethingElse");
    await update(other);
    expect(await tierOf()).toBe("free");
    await update(stripe.subscribe(customer, oldProPrice));
    expect(await tierOf()).toBe("pro");
    expect(other.status).toBe("active");
  });

  it("whatever organization the metadata name", async () => {
    const victim = await newTenant();
    const metadata = { organization_id: victim.organizationId, target_tier: "enterprise" };
    // A customer of somebody else's making.
    const foreign = stripe.subscribe("cus_foreign", prices.enterprise, { metadata });
    stripe.customers.set("cus_foreign", { id: "cus_foreign", metadata });
    expect(await update(foreign)).toBe(200);
    const session = { object: "checkout.session", id: "cs_test_x", customer: "cus_foreign", status: "complete" };
    const claimed = { ...session, client_reference_id: victim.organizationId, metadata, subscription: foreign.id };
    expect(await deliver(eventOf("checkout.session.completed", claimed))).toBe(200);
    expect(await tierOf(victim)).toBe("free");

    // Our own customer, and metadata that name another organization.
    const { session: own, subscription } = stripe.pay(await checkout("pro"));
    Object.assign(own, { client_reference_id: victim.organizationId, metadata });
    Object.assign(subscription, { metadata });
    await deliver(eventOf("checkout.session.completed", own));
    expect([await tierOf(victim), await tierOf()]).toEqual(["free", "pro"]);
  });

  it("and what the operator set is left alone without a subscription", async () => {
    const url = await checkout("pro");
    const patched = await send(worker.issuer, `/api/v1/organizations/${tenant.organizationId}`, {
      method: "PATCH",
      token: operator.token,
      json: { planTier: "enterprise" },
    });
    expect(patched.status).toBe(200);
    const { customer } = stripe.sessionAt(url);
    expect(await update(stripe.subscribe(customer, prices.pro, { status: "incomplete_expired" }))).toBe(200);
    expect(await tierOf()).toBe("enterprise");
  });

  it("when Stripe fails in the middle: the event is refused, and has its effect when it comes again", async () => {
    const { session } = stripe.pay(await checkout("pro"));
    const event = eventOf("checkout.session.completed", session);
    for (const failure of [500, 429, 0]) {
      stripe.state.fail = () => failure;
      expect(await deliver(event)).toBe(503);
    }
    expect(await tierOf()).toBe("free");
    stripe.state.fail = () => null;
    expect(await deliver(event)).toBe(200);
    expect(await tierOf()).toBe("pro");
  });

  it("until the organization is deleted: then the subscription ends", async () => {
    const { subscription } = await buy("pro");
    stripe.state.fail = ({ method }) => (method === "DELETE" ? 500 : null);
    const path = `/api/v1/organizations/${tenant.organizationId}`;
    const deleted = await send(worker.issuer, path, { method: "DELETE", token: operator.token });
    expect(deleted.status, deleted.text).toBe(204);
    expect(subscription.status).toBe("active");
    stripe.state.fail = () => null;
    await worker.runCron();
    expect(subscription.status).toBe("canceled");
  });
});

describe("the webhook's door", () => {
  const refusal = async (delivery: Awaited<ReturnType<typeof signed>>) => {
    const { status, body } = await deliverRaw(delivery);
    expect([status, body.code]).toEqual([400, "VALIDATION_ERROR"]);
    expect(body.details.issues[0].path).toBe("Stripe-Signature");
    expect(await tierOf()).toBe("free");
  };
  const paid = async () => eventOf("checkout.session.completed", stripe.pay(await checkout("pro")).session);
  const secondsAgo = (seconds: number) => ({ atSeconds: Math.floor(Date.now() / 1000) - seconds });

  it("refuses a signature of more than five minutes ago", async () => {
    const event = await paid();
    await refusal(await signed(event, secondsAgo(305)));
    expect((await deliverRaw(await signed(event, secondsAgo(290)))).status).toBe(200);
    expect(await tierOf()).toBe("pro");
  });

  it("refuses another secret's signature, a changed body, and none", async () => {
    const event = await paid();
    await refusal(await signed(event, { secret: "whsec_another" }));
    const good = await signed(event);
    await refusal({ ...good, body: good.body.replace("evt_", "evt_x") });
    await refusal({ ...good, body: JSON.stringify(JSON.parse(good.body)) });
    const { "Stripe-Signature": _, ...headers } = good.headers;
    await refusal({ ...good, headers });
    await refusal({ ...good, headers: { ...headers, "Stripe-Signature": "t=,v1=" } });
  });

  it("accepts, without a question to Stripe, what concerns no subscription", async () => {
    const asked = stripe.requests.length;
    expect(await deliver(eventOf("invoice.paid", { object: "invoice", customer: "cus_any" }))).toBe(200);
    expect(stripe.requests.length).toBe(asked);
  });
});

describe("GET /billing/usage", () => {
  const usage = async () => {
    const answer = await send(worker.issuer, "/api/v1/billing/usage", { token: tenant.token });
    expect(answer.status, answer.text).toBe(200);
    return answer.body;
  };

  it("is the present month's, with the subscription", async () => {
    const now = new Date();
    const month = (plus: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + plus)).toISOString();
    expect(await usage()).toEqual({
      tier: "free",
      subscription: null,
      periodStart: month(0),
      periodEnd: month(1),
      usage: { agentCount: 1, calls: 1, tokens: 1 },
    });
    const { subscription } = await buy("pro");
    const [item] = subscription.items.data;
    const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
    expect((await usage()).subscription).toEqual({
      status: "active",
      tier: "pro",
      currentPeriodStart: iso(item.current_period_start),
      currentPeriodEnd: iso(item.current_period_end),
      endsAt: null,
    });
    Object.assign(subscription, { cancel_at_period_end: true, status: "past_due" });
    await update(subscription);
    expect((await usage()).subscription).toMatchObject({ status: "past_due", endsAt: iso(item.current_period_end) });
    subscription.status = "canceled";
    await update(subscription);
    expect(await usage()).toMatchObject({ tier: "free", subscription: { status: "canceled", tier: null } });
  });
});
