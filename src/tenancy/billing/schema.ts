/** The wire shapes of billing. */
import { z } from "@hono/zod-openapi";
import { component } from "../../platform/http/components.ts";
import { planTierSchema } from "../../platform/http/enums.ts";

const time = z.iso.datetime().openapi({ example: "2026-11-01T00:00:00.000Z" });

export const upgradeSchema = z
  .strictObject({
    // The rule refuses an unknown tier and names it in `details.received`.
    target_tier: component(
      "PaidTier",
      z.string({ error: "must be pro or enterprise" }).max(64, { error: "must be pro or enterprise" }),
      z.enum(["pro", "enterprise"]),
    ),
  })
  .openapi("UpgradeTier");

/** Read from Stripe, so the content of the event has no effect. */
export const stripeEventSchema = z
  .looseObject({ id: z.string() })
  .openapi("StripeEvent", { example: { id: "evt_1QExample" } });

export const checkoutSchema = z
  .object({
    checkoutUrl: z.url().openapi({
      description: "The page at Stripe where a person pays; open it in a browser within a day",
      example: "https://checkout.stripe.com/c/pay/cs_test_a1b2c3",
    }),
  })
  .openapi("Checkout");

export const portalSchema = z
  .object({
    portalUrl: z.url().openapi({
      description:
        "The page at Stripe for the payment method, the invoices and the cancellation; open it within minutes",
      example: "https://billing.stripe.com/p/session/test_a1b2c3",
    }),
  })
  .openapi("BillingPortal");

export const receivedSchema = z
  .object({ received: z.literal(true).openapi({ type: "boolean", example: true }) })
  .openapi("ReceivedBillingEvent");

const subscriptionSchema = component(
  "Subscription",
  z.object({
    status: z
      .string()
      .openapi({ description: "The status at Stripe: active, past_due, canceled, …", example: "active" }),
    tier: planTierSchema.nullable().openapi({ description: "The tier that the subscription pays for; null: none" }),
    currentPeriodStart: time.nullable(),
    currentPeriodEnd: time.nullable(),
    endsAt: time.nullable().openapi({ description: "The time of its end; null while it renews itself" }),
  }),
);

export const billingUsageSchema = z
  .object({
    tier: planTierSchema,
    subscription: subscriptionSchema
      .nullable()
      .openapi({ description: "null: the organization never had a subscription" }),
    periodStart: time.openapi({ description: "The start of the present month, UTC" }),
    periodEnd: time.openapi({ description: "The start of the next month, when the counts restart at 0" }),
    usage: z.object({ agentCount: z.int(), calls: z.int(), tokens: z.int() }),
  })
  .openapi("BillingUsage");

export type BillingUsage = z.output<typeof billingUsageSchema>;
