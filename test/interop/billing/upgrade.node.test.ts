/** From the upgrade to the Checkout page, the tier and its limits; and what else can be the answer. */
import { describe, expect, it } from "vitest";
import { agentFields, newClient, send, tokenFor } from "../../support/http-client.ts";
import { prices } from "./_stripe-account.ts";
import { eventOf } from "./_stripe-events.ts";
import {
  buy,
  checkout,
  deliver,
  operator,
  status,
  stripe,
  takeNewTenant,
  tenant,
  tierChanges,
  tierOf,
  upgrade,
  withBilling,
  worker,
} from "./_support.ts";

withBilling();

describe("upgrade", () => {
  it("comes back to the console from where it was begun", async () => {
    const post = (path: string, json: unknown, headers: Record<string, string> = {}) =>
      fetch(`${worker.issuer}/console${path}`, {
        method: "POST",
        headers: { "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json", ...headers },
        body: JSON.stringify(json),
      });
    const { clientId, clientSecret } = tenant;
    const session = await post("/session", { clientId, clientSecret });
    expect(session.status).toBe(201);
    const Cookie = (session.headers.get("Set-Cookie") ?? "").split(";")[0] ?? "";
    const { csrfToken } = (await session.json()) as { csrfToken: string };
    const upgraded = await post("/api/v1/tiers/upgrade", { target_tier: "pro" }, { Cookie, "X-CSRF-Token": csrfToken });
    expect(upgraded.status).toBe(200);
    const { checkoutUrl } = (await upgraded.json()) as { checkoutUrl: string };
    expect(stripe.sessionAt(checkoutUrl)).toMatchObject({
      success_url: `${worker.issuer}/console/tier?payment=paid`,
      cancel_url: `${worker.issuer}/console/tier?payment=cancelled`,
    });
  });

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
    const member = await newClient(worker.issuer, tenant.token, { grantedScopes: ["agents:write"] });
    const token = await tokenFor(worker.issuer, member, { scope: "agents:write" });
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

describe("the customer portal", () => {
  const openPortal = ({ token } = tenant) => send(worker.issuer, "/api/v1/billing/portal", { method: "POST", token });

  it("is opened for the customer that pays, and leads back to this service", async () => {
    const { subscription } = await buy("pro");
    const { status, body } = await openPortal();
    expect([status, body]).toEqual([
      200,
      { portalUrl: `https://billing.stripe.com/p/session/${subscription.customer}` },
    ]);
    expect(stripe.requests.at(-1)).toMatchObject({
      path: "/v1/billing_portal/sessions",
      params: { customer: subscription.customer, return_url: `${worker.issuer}/docs` },
    });
  });

  it("is opened for a customer whose payment Stripe has not reported", async () => {
    stripe.pay(await checkout("pro"));
    expect((await openPortal()).status).toBe(200);
    expect(await tierOf()).toBe("pro");
  });

  it("is not there for an organization that never paid, nor for a customer that Stripe has deleted", async () => {
    const refusal = async () => {
      const { status, body } = await openPortal();
      expect([status, body.code]).toEqual([409, "NO_CUSTOMER"]);
    };
    await refusal();
    await checkout("pro");
    await refusal();
    const { subscription } = await buy("pro");
    stripe.deleteCustomer(subscription.customer);
    await refusal();
  });

  it("needs admin:orgs, also while Stripe fails", async () => {
    await buy("pro");
    const token = await tokenFor(worker.issuer, tenant, { scope: "audit:read" });
    const refused = await openPortal({ ...tenant, token });
    expect([refused.status, refused.body.details]).toEqual([403, { requiredScope: "admin:orgs" }]);
    stripe.state.fail = () => 500;
    expect((await openPortal()).body.code).toBe("SERVICE_UNAVAILABLE");
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

    await takeNewTenant();
    const [a, b] = [await checkout("pro"), await checkout("enterprise")];
    const paid = [stripe.pay(a), stripe.pay(b)];
    await Promise.all(paid.map(({ session }) => deliver(eventOf("checkout.session.completed", session))));
    expect(await tierOf()).toBe("enterprise");
    expect(paid.map(({ subscription }) => subscription.status)).toEqual(["canceled", "active"]);
  });
});
