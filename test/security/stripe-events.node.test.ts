/**
 * Attack: Stripe webhook: bad signature, old timestamp, same event twice, events out of order, foreign organization in
 * metadata: no effect beyond the true state. A subscription's whole life, in every order, and everything that is no signature.
 */
import { createHmac } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { stripeKey } from "../interop/billing/_stand-in-stripe.ts";
import { eventOf, signed, webhookSecret } from "../interop/billing/_stripe-events.ts";
import {
  checkout,
  deliver,
  deliverRaw,
  newTenant,
  stripe,
  tenant,
  tierOf,
  withBilling,
} from "../interop/billing/_support.ts";
import { type Admin, type Body, unique } from "../support/http-client.ts";

withBilling();

let victim: Admin;
beforeEach(async () => {
  victim = await newTenant();
});

const nowSeconds = () => Math.floor(Date.now() / 1000);
const permutations = <T>(items: readonly T[]): T[][] =>
  items.length < 2
    ? [[...items]]
    : items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));

/** The events of a subscription that was paid, renewed and ended, each with the object as it was then. */
function life(url: string): { readonly events: Body[]; readonly subscription: Body } {
  const { session, subscription } = stripe.pay(url);
  const completed = eventOf("checkout.session.completed", session);
  const created = eventOf("customer.subscription.created", subscription);
  const pastDue = eventOf("customer.subscription.updated", { ...subscription, status: "past_due" });
  const deleted = eventOf("customer.subscription.deleted", { ...subscription, status: "canceled" });
  return { events: [completed, created, pastDue, deleted], subscription };
}

describe("events in every order, each twice", () => {
  it("of a subscription that lives: the tier is paid for, whatever they say", async () => {
    const { events } = life(await checkout("pro", tenant));
    for (const order of permutations(events)) {
      // In fresh events: what has been seen is not looked at again.
      const fresh = order.map((event) => ({ ...event, id: unique("evt_order") }));
      for (const event of [...fresh, ...fresh]) expect(await deliver(event)).toBe(200);
      expect(await tierOf(tenant)).toBe("pro");
    }
  });

  it("of a subscription that has ended: there is none, whatever they say", async () => {
    const { events, subscription } = life(await checkout("pro", tenant));
    expect(await deliver(events[0] ?? {})).toBe(200);
    expect(await tierOf(tenant)).toBe("pro");
    Object.assign(subscription, { status: "canceled", ended_at: nowSeconds() });
    for (const order of permutations(events)) {
      for (const event of order) expect(await deliver({ ...event, id: unique("evt_end") })).toBe(200);
      expect(await tierOf(tenant)).toBe("free");
    }
  });

  it("one event fifty times at once: one change of the tier", async () => {
    const { events } = life(await checkout("pro", tenant));
    const delivery = await signed(events[0] ?? {});
    const answers = await Promise.all(Array.from({ length: 50 }, () => deliverRaw(delivery)));
    const statuses = answers.map(({ status }) => status);
    // Who comes while it is being looked into may be asked to come again.
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(statuses).toContain(200);
    expect(await tierOf(tenant)).toBe("pro");
  });
});

describe("an organization that the event names", () => {
  it("gets nothing: the customer's own does", async () => {
    const url = await checkout("pro", tenant);
    await checkout("pro", victim);
    const { events } = life(url);
    const metadata = {
      organization_id: victim.organizationId,
      organizationId: victim.organizationId,
      target_tier: "enterprise",
    };
    for (const event of events) {
      const object = { ...event.data.object, metadata, client_reference_id: victim.organizationId };
      expect(await deliver({ ...event, account: victim.organizationId, data: { object } })).toBe(200);
    }
    expect([await tierOf(tenant), await tierOf(victim)]).toEqual(["pro", "free"]);
  });

  it("gets nothing of a customer that is nobody's", async () => {
    const { events } = life(await checkout("pro", tenant));
    for (const customer of ["cus_nobody", null, undefined, "", 7, [], { id: "cus_nobody" }, "' OR 1=1 --"]) {
      const [event] = events;
      const object = { ...event?.data.object, customer, client_reference_id: victim.organizationId };
      expect([200, 400]).toContain(await deliver({ ...event, id: unique("evt_nobody"), data: { object } }));
    }
    expect([await tierOf(tenant), await tierOf(victim)]).toEqual(["free", "free"]);
  });
});

describe("what is no signature of Stripe's has no effect", () => {
  const mac = (text: string, secret = webhookSecret) => createHmac("sha256", secret).update(text).digest("hex");

  it("400 for each, and the tier stays", async () => {
    const event = life(await checkout("pro", tenant)).events[0] ?? {};
    const body = JSON.stringify(event);
    const t = nowSeconds();
    const good = mac(`${t}.${body}`);
    const signatures: Record<string, string> = {
      none: "",
      "of another secret": `t=${t},v1=${mac(`${t}.${body}`, "whsec_other")}`,
      "of an empty secret": `t=${t},v1=${mac(`${t}.${body}`, "")}`,
      "of our key for the API": `t=${t},v1=${mac(`${t}.${body}`, stripeKey)}`,
      "of the decoded secret": `t=${t},v1=${createHmac("sha256", Buffer.from(webhookSecret.slice(6), "base64"))
        .update(`${t}.${body}`)
        .digest("hex")}`,
      "of the body alone": `t=${t},v1=${mac(body)}`,
      "of another body": `t=${t},v1=${mac(`${t}.${body} `)}`,
      "of another time": `t=${t - 1},v1=${good}`,
      "of five minutes and more ago": `t=${t - 310},v1=${mac(`${t - 310}.${body}`)}`,
      "of a year ago": `t=${t - 31_536_000},v1=${mac(`${t - 31_536_000}.${body}`)}`,
      "without a time": `v1=${good}`,
      "at no time": `t=now,v1=${mac(`now.${body}`)}`,
      "at an empty time": `t=,v1=${mac(`.${body}`)}`,
      "of the test scheme": `t=${t},v0=${good}`,
      "of a scheme to come": `t=${t},v2=${good}`,
      "a character short": `t=${t},v1=${good.slice(0, -1)}`,
      "a character long": `t=${t},v1=${good}0`,
      "in capitals": `t=${t},v1=${good.toUpperCase()}`,
      "its first half": `t=${t},v1=${good.slice(0, 32)}`,
      "that is empty": `t=${t},v1=`,
      nonsense: "sha256=0000",
    };
    for (const [name, signature] of Object.entries(signatures)) {
      const headers: Record<string, string> = { "Content-Type": "application/json" };
      if (signature !== "") headers["Stripe-Signature"] = signature;
      expect((await deliverRaw({ body, headers })).status, name).toBe(400);
    }
    expect(await tierOf(tenant)).toBe("free");
    const headers = { "Content-Type": "application/json", "Stripe-Signature": `t=${t},v1=${good}` };
    expect((await deliverRaw({ body, headers })).status).toBe(200);
    expect(await tierOf(tenant)).toBe("pro");
  });
});
