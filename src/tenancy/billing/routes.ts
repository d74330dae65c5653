/** `/tiers/upgrade` and `/billing`: upgrades, Stripe's customer portal and its webhook, and the usage and subscription of an organization. */
import { z } from "@hono/zod-openapi";
import type { AppContext } from "../../access/app-env.ts";
import { once } from "../../access/idempotency/once.ts";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import type { Context } from "../../platform/context.ts";
import { isConsoleCall } from "../../platform/http/console.ts";
import { answer, fail } from "../../platform/http/respond.ts";
import { type Aliased, json } from "../../platform/http/route.ts";
import {
  billingUsageSchema,
  checkoutSchema,
  portalSchema,
  receivedSchema,
  stripeEventSchema,
  upgradeSchema,
} from "./schema.ts";
import { openPortal, readBillingUsage, receiveEvent, upgrade } from "./service.ts";

const tags = ["Tiers and billing"];

/** A person that pays from the console comes back to it, whatever the settings say: with what happened at Stripe. */
function returning(c: AppContext, context: Context): Context {
  const { issuer, billing } = context.settings;
  if (!billing || !isConsoleCall(c.req.raw)) return context;
  const returnUrl = `${issuer}/console/tier`;
  const pages = {
    successUrl: `${returnUrl}?payment=paid`,
    cancelUrl: `${returnUrl}?payment=cancelled`,
    returnUrl,
  };
  return { ...context, settings: { ...context.settings, billing: { ...billing, ...pages } } };
}

export const billingRoutes = createRouter();

const upgradeRoute = (own: Aliased<"/tiers/upgrade" | "/billing/upgrade">) =>
  route({
    ...own,
    method: "post",
    keyed: true,
    access: "bearer",
    exempt: true,
    tags,
    description:
      "For an admin of the organization. Returns the address of a Checkout page, where a person pays. The tier changes when Stripe reports the payment. A second request within minutes returns the same page. The request also works over the limits.",
    request: { body: { required: true, ...json(upgradeSchema, "The tier to change to") } },
    responses: { 200: json(checkoutSchema, "The Checkout page") },
    errors: ["FORBIDDEN", "TIER_UPGRADE_NOT_REQUIRED", "BILLING_NOT_CONFIGURED"],
  });

for (const definition of [
  upgradeRoute({
    path: "/tiers/upgrade",
    operationId: "upgradeTier",
    summary: "Upgrade the organization's tier",
    sdk: { call: "tiers.upgrade", retry: "keyed" },
  }),
  upgradeRoute({
    path: "/billing/upgrade",
    operationId: "upgradeTierByBilling",
    summary: "Upgrade the organization's tier (by another path)",
    sdk: false,
  }),
]) {
  billingRoutes.openapi(definition, async (c) => {
    return answer(
      c,
      await once(c, (context) => upgrade(returning(c, context), c.get("caller"), c.req.valid("json").target_tier), {
        secret: true,
      }),
      200,
    );
  });
}

billingRoutes.openapi(
  route({
    method: "post",
    path: "/billing/portal",
    access: "admin:orgs",
    changesAuthority: true,
    exempt: true,
    operationId: "openBillingPortal",
    tags,
    summary: "Open Stripe's customer portal",
    sdk: { call: "billing.portal", retry: "keyed" },
    description:
      "Returns the address of a page at Stripe where a person changes the payment method, reads the invoices, or cancels. Works over the limits, and not by delegation.",
    responses: { 200: json(portalSchema, "The customer portal") },
    errors: ["NO_CUSTOMER", "BILLING_NOT_CONFIGURED"],
  }),
  async (c) =>
    answer(c, await once(c, (context) => openPortal(returning(c, context), c.get("caller")), { secret: true }), 200),
);

billingRoutes.openapi(
  route({
    method: "post",
    path: "/billing/webhook",
    access: "public",
    tags,
    summary: "Receive an event from Stripe",
    sdk: false,
    description:
      "For Stripe only: the body must be signed with the endpoint's secret, at most five minutes ago. The service reads the subscription from Stripe after each event; the content of the event has no effect.",
    request: {
      headers: z.object({ "stripe-signature": z.string().optional() }),
      body: { required: true, ...json(stripeEventSchema, "Stripe's event") },
    },
    responses: { 200: json(receivedSchema, "Received; Stripe does not send the event again") },
    errors: ["BILLING_NOT_CONFIGURED"],
  }),
  async (c) => {
    const { "stripe-signature": signature } = c.req.valid("header");
    const result = await receiveEvent(c.get("context"), await c.req.text(), signature);
    return result.ok ? c.json({ received: true as const }, 200) : fail(c, result);
  },
);

billingRoutes.openapi(
  route({
    method: "get",
    path: "/billing/usage",
    access: "bearer",
    tags,
    operationId: "readBillingUsage",
    summary: "Read the usage of the present month",
    sdk: { call: "billing.usage", retry: "read" },
    responses: { 200: json(billingUsageSchema, "The usage of the organization, and its subscription") },
  }),
  async (c) => {
    return answer(c, await readBillingUsage(c.get("context"), c.get("caller")), 200);
  },
);
