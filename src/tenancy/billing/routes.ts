/** Upgrading, Stripe's webhook, and what an organization has used and pays for. */
import { z } from "@hono/zod-openapi";
import { route } from "../../access/route.ts";
import { createRouter } from "../../access/router.ts";
import { answer, fail } from "../../platform/http/respond.ts";
import { json } from "../../platform/http/route.ts";
import { billingUsageSchema, checkoutSchema, receivedSchema, upgradeSchema } from "./schema.ts";
import { readBillingUsage, receiveEvent, upgrade } from "./service.ts";

const tags = ["Tiers and billing"];

export const billingRoutes = createRouter();

const upgradeRoute = (path: "/tiers/upgrade" | "/billing/upgrade", operationId: string, summary: string) =>
  route({
    method: "post",
    path,
    access: "bearer",
    exempt: true,
    operationId,
    tags,
    summary,
    description:
      "For an admin of the organization. Answers with the address of a Checkout page, where a person pays; the tier follows as soon as Stripe reports the payment. A second request shortly after gets the same page. Possible over the limits too.",
    request: { body: { required: true, ...json(upgradeSchema, "The tier to change to") } },
    responses: { 200: json(checkoutSchema, "Where to pay") },
    errors: ["FORBIDDEN", "TIER_UPGRADE_NOT_REQUIRED", "BILLING_NOT_CONFIGURED"],
  });

for (const definition of [
  upgradeRoute("/tiers/upgrade", "upgradeTier", "Upgrade the organization's tier"),
  upgradeRoute(
    "/billing/upgrade",
    "upgradeTierByBilling",
    "Upgrade the organization's tier (the same by another path)",
  ),
]) {
  billingRoutes.openapi(definition, async (c) => {
    return answer(c, await upgrade(c.get("context"), c.get("caller"), c.req.valid("json").target_tier), 200);
  });
}

billingRoutes.openapi(
  route({
    method: "post",
    path: "/billing/webhook",
    access: "public",
    tags,
    summary: "Receive an event from Stripe",
    description:
      "For Stripe alone: the body must be signed with the endpoint's secret, at most five minutes ago. An event is only a reason to ask Stripe how the subscription is; its content has no effect.",
    request: {
      headers: z.object({ "stripe-signature": z.string().optional() }),
      body: { required: true, ...json(z.looseObject({ id: z.string() }), "Stripe's event") },
    },
    responses: { 200: json(receivedSchema, "Received; Stripe need not send it again") },
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
    summary: "Read the usage of the present month",
    responses: { 200: json(billingUsageSchema, "What the organization has used, and its subscription") },
  }),
  async (c) => {
    return answer(c, await readBillingUsage(c.get("context"), c.get("caller")), 200);
  },
);
