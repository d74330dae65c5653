/** Whatever Stripe reports, how often and in which order: the tier is the subscription's true state. */
import { describe, expect, it } from "vitest";
import { agentFields, send } from "../../support/http-client.ts";
import { startReceiver } from "../_webhook-receiver.ts";
import { oldProPrice, prices } from "./_stripe-account.ts";
import { eventOf } from "./_stripe-events.ts";
import {
  buy,
  checkout,
  deliver,
  newTenant,
  operator,
  status,
  stripe,
  tenant,
  tierChanges,
  tierOf,
  update,
  withBilling,
  worker,
} from "./_support.ts";

withBilling();

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

  it.each([
    ["void", "free"],
    ["mark_uncollectible", "pro"],
    ["keep_as_draft", "pro"],
  ])("when its collection is paused with %s: %s", async (behavior, tier) => {
    const { subscription } = await buy("pro");
    subscription.pause_collection = { behavior, resumes_at: null };
    expect(await update(subscription)).toBe(200);
    expect(await tierOf()).toBe(tier);
    subscription.pause_collection = null;
    expect(await update(subscription)).toBe(200);
    expect(await tierOf()).toBe("pro");
  });

  it("behind any number of newer ones that ended", async () => {
    const { subscription } = await buy("pro");
    for (let ended = 0; ended < 230; ended++) {
      stripe.subscribe(subscription.customer, prices.pro, { status: "incomplete_expired" });
    }
    expect(await update(subscription)).toBe(200);
    expect(await tierOf()).toBe("pro");
  });

  it("until its customer is deleted", async () => {
    const { subscription } = await buy("pro");
    const customer = stripe.deleteCustomer(subscription.customer);
    expect(await deliver(eventOf("customer.deleted", customer))).toBe(200);
    expect(await tierOf()).toBe("free");
  });

  it("whether a payment is refunded or a dispute is lost", async () => {
    const { subscription } = await buy("pro");
    const charge = { id: "ch_1", customer: subscription.customer };
    expect(await deliver(eventOf("charge.refunded", { ...charge, object: "charge", refunded: true }))).toBe(200);
    expect(await deliver(eventOf("charge.dispute.closed", { object: "dispute", charge: "ch_1", status: "lost" }))).toBe(
      200,
    );
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

it("webhooks are told of each change of tier once, by whomever", async () => {
  const receiver = await startReceiver();
  try {
    const { token, organizationId } = tenant;
    const json = { name: "Plans", url: receiver.url, events: ["tier.changed"] };
    expect((await send(worker.issuer, "/api/v1/webhooks", { token, json })).status).toBe(201);
    const { subscription } = await buy("pro");
    subscription.status = "canceled";
    for (let round = 0; round < 2; round++) await update(subscription);
    const byOperator = { method: "PATCH", token: operator.token, json: { planTier: "enterprise" } };
    const path = `/api/v1/organizations/${organizationId}`;
    expect((await send(worker.issuer, path, byOperator)).status).toBe(200);
    expect(await tierChanges()).toEqual(["free → pro", "pro → free", "free → enterprise"]);

    // No order is promised between deliveries.
    const told = () => receiver.received.map(({ body }) => JSON.parse(body)).sort((a, b) => (a.id < b.id ? -1 : 1));
    await expect.poll(() => told().length, { timeout: 30_000 }).toBe(3);
    expect(told().map(({ event, data }) => [event, data.organizationId, data.planTier])).toEqual([
      ["tier.changed", organizationId, "pro"],
      ["tier.changed", organizationId, "free"],
      ["tier.changed", organizationId, "enterprise"],
    ]);
  } finally {
    await receiver.close();
  }
});
