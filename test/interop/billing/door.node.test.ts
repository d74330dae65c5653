/** Who may tell of a payment, and what an organization sees of its subscription. */
import { describe, expect, it } from "vitest";
import { send } from "../../support/http-client.ts";
import { eventOf, signed } from "./_stripe-events.ts";
import { buy, checkout, deliver, deliverRaw, stripe, tenant, tierOf, update, withBilling, worker } from "./_support.ts";

withBilling();

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
