import { describe, expect, it } from "vitest";
import { type Bindings, settingsOf } from "../../../src/platform/env.ts";

const settings = (bindings: Record<string, string>) =>
  settingsOf({
    ISSUER: "https://idp.example.com",
    KEY_ENCRYPTION_KEYS: "k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    SECRET_HASH_KEYS: "k:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8",
    ...bindings,
  } as unknown as Bindings).billing;

const all = {
  STRIPE_SECRET_KEY: "sk_test_1",
  STRIPE_WEBHOOK_SECRET: "whsec_1",
  STRIPE_PRICE_PRO: "price_new, price_old",
  STRIPE_PRICE_ENTERPRISE: "price_e",
};

describe("the settings of Stripe", () => {
  it("are an account with its defaults", () => {
    expect(settings(all)).toEqual({
      secretKey: "sk_test_1",
      webhookSecret: "whsec_1",
      prices: { pro: ["price_new", "price_old"], enterprise: ["price_e"] },
      apiUrl: "https://api.stripe.com",
      successUrl: "https://idp.example.com/docs",
      cancelUrl: "https://idp.example.com/docs",
      returnUrl: "https://idp.example.com/docs",
    });
  });

  it.each(Object.keys(all))("are none without %s, so that nothing is sold half set up", (name) => {
    const { [name as keyof typeof all]: _, ...others } = all;
    expect(settings(others)).toBe(null);
  });

  it.each([
    [{ STRIPE_PRICE_PRO: "prod_1" }, "STRIPE_PRICE_PRO"],
    [{ STRIPE_PRICE_ENTERPRISE: "price_old" }, "STRIPE_PRICE_ENTERPRISE must not hold a price of STRIPE_PRICE_PRO"],
    [{ STRIPE_API_URL: "http://api.stripe.com" }, "STRIPE_API_URL must be https"],
    [{ STRIPE_API_URL: "https://api.stripe.com/v1" }, "STRIPE_API_URL must be an absolute origin"],
    [{ BILLING_SUCCESS_URL: "javascript:alert(1)" }, "BILLING_SUCCESS_URL must be the absolute URL of a page"],
    [{ BILLING_CANCEL_URL: "/billing" }, "BILLING_CANCEL_URL must be the absolute URL of a page"],
    [{ STRIPE_SECRET_KEY: " " }, "STRIPE_SECRET_KEY must not be empty"],
  ])("%j stops the Worker, and names what is wrong", (wrong, message) => {
    expect(() => settings({ ...all, ...wrong })).toThrow(message);
  });
});
