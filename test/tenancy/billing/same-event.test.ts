/** Stripe sends one event twice at once: the second delivery looks it up just before the first one has settled it. */
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { contextOf } from "../../../src/platform/context.ts";
import type { Bindings } from "../../../src/platform/env.ts";
import { syncSubscription } from "../../../src/tenancy/billing/sync.ts";
import { call, newOrganization, type Organization } from "../../support/api.ts";

const bindings = env as unknown as Bindings;
const stripeSettings = {
  STRIPE_SECRET_KEY: "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
  STRIPE_WEBHOOK_SECRET: "whsec_c3RhbmQtaW4",
  STRIPE_PRICE_PRO: "price_pro",
  STRIPE_PRICE_ENTERPRISE: "price_enterprise",
};
const event = { id: "evt_1", type: "checkout.session.completed" };

afterEach(() => vi.restoreAllMocks());

/** The answer of Stripe's that counts: the customer has a subscription to pro. No page is open. */
function stripeHasSubscription(customer: string): void {
  const item = { price: { id: "price_pro" }, current_period_start: 1_795_320_000, current_period_end: 1_797_912_000 };
  const items = { object: "list", data: [item] };
  const subscription = {
    id: "sub_1",
    object: "subscription",
    status: "active",
    customer,
    created: 1_795_320_000,
    items,
  };
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const isQuestion = String(input instanceof Request ? input.url : input).includes("/v1/subscriptions?");
    return Response.json({ object: "list", has_more: false, data: isQuestion ? [subscription] : [] });
  });
}

/** D1, in which something happens right after the first look at a table. */
function interrupted(table: string, happens: () => Promise<unknown>): D1Database {
  let isLeft = true;
  const watched = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name: keyof D1PreparedStatement) {
        if (name === "bind") return (...values: unknown[]) => watched(target.bind(...values));
        return async (...parameters: never[]) => {
          const found = await (target[name] as (...parameters: never[]) => Promise<unknown>)(...parameters);
          if (isLeft) {
            isLeft = false;
            await happens();
          }
          return found;
        };
      },
    });
  const { DB } = bindings;
  const looks = new RegExp(`^select .* from "${table}"`);
  const prepare = (query: string) => (looks.test(query) ? watched(DB.prepare(query)) : DB.prepare(query));
  return { prepare, batch: (statements: D1PreparedStatement[]) => DB.batch(statements) } as unknown as D1Database;
}

async function withAccount({ organizationId }: Organization): Promise<string> {
  const customerId = `cus_${organizationId}`;
  await bindings.DB.prepare("INSERT INTO billing_accounts (organization_id, customer_id, version) VALUES (?, ?, 1)")
    .bind(organizationId, customerId)
    .run();
  return customerId;
}

it("both synchronize the subscription, and the event has its effect once", async () => {
  const organization = await newOrganization({ planTier: "free" });
  const customerId = await withAccount(organization);
  stripeHasSubscription(customerId);
  const deliver = async (DB: D1Database) => {
    const run = { requestId: "r", source: { ip: "", userAgent: "test" } };
    const context = contextOf(
      { ...bindings, ...stripeSettings, DB },
      run,
      () => undefined,
      async () => undefined,
    );
    const { billing } = context.settings;
    return billing && syncSubscription(context, billing, customerId, event);
  };
  const first: unknown[] = [];
  const DB = interrupted("billing_events", async () => first.push(await deliver(bindings.DB)));
  expect(await deliver(DB)).toEqual({ ok: true, value: undefined });
  expect(first).toEqual([{ ok: true, value: undefined }]);

  vi.restoreAllMocks();
  const { token } = organization;
  expect((await call("/api/v1/tiers/status", { token })).body.tier).toBe("pro");
  const { data } = (await call("/api/v1/audit?action=tier.changed", { token })).body;
  expect(data.length).toBe(1);
});
