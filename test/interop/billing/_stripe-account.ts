/** The objects of one account at Stripe, and what can be asked of them: unknown parameters and unknown objects are refused. */
import { randomBytes } from "node:crypto";

export const prices = { pro: "price_1ProMonthly", enterprise: "price_1EnterpriseMonthly" };
/** A price of earlier buyers, which is no longer sold. */
export const oldProPrice = "price_0ProMonthly";

// biome-ignore lint/suspicious/noExplicitAny: Stripe's objects are what the API says that they are
export type Record_ = any;

export interface StripeRequest {
  readonly method: string;
  readonly path: string;
  readonly params: Record_;
  readonly idempotencyKey: string | undefined;
  readonly version: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: Record_;
}

export const id = (prefix: string) => `${prefix}_${randomBytes(12).toString("hex")}`;
export const nowSeconds = () => Math.floor(Date.now() / 1000);

export const error = (status: number, fields: Record<string, string>): Answer => ({
  status,
  body: { error: { type: "invalid_request_error", doc_url: "https://stripe.com/docs/error-codes", ...fields } },
});

export const unavailable = (status: number): Answer => ({
  status,
  body: { error: { type: "api_error", message: "An unknown error occurred" } },
});

const missing = (kind: string, param: string, value: string, status = 400) =>
  error(status, { code: "resource_missing", param, message: `No such ${kind}: '${value}'` });

/** Stripe refuses parameters that it does not know. */
function unknownParameter(params: Record_, known: readonly string[]): Answer | null {
  const unknown = Object.keys(params).find((name) => !known.includes(name));
  if (unknown === undefined) return null;
  return error(400, { code: "parameter_unknown", param: unknown, message: `Received unknown parameter: ${unknown}` });
}

export const list = (url: string, data: readonly Record_[]): Answer => ({
  status: 200,
  body: { object: "list", url, has_more: false, data },
});

/** A page of a list, the newest first, as the parameters want it. */
function page(url: string, all: readonly Record_[], { limit = "10", starting_after: after }: Record_): Answer {
  const start = after === undefined ? 0 : all.findIndex((one) => one.id === after) + 1;
  const data = all.slice(start, start + Number(limit));
  return { status: 200, body: { object: "list", url, has_more: start + data.length < all.length, data } };
}

/** The objects of one account, and what can be asked of them. */
export function account() {
  const customers = new Map<string, Record_>();
  const sessions = new Map<string, Record_>();
  const subscriptions = new Map<string, Record_>();

  function createCustomer(params: Record_): Answer {
    const refused = unknownParameter(params, ["name", "email", "description", "metadata"]);
    if (refused) return refused;
    const customer = { id: id("cus"), object: "customer", created: nowSeconds(), livemode: false, ...params };
    customers.set(customer.id, customer);
    return { status: 200, body: customer };
  }

  function createSession(params: Record_): Answer {
    const known =
      "mode customer client_reference_id line_items metadata subscription_data success_url cancel_url expires_at";
    const refused = unknownParameter(params, known.split(" "));
    if (refused) return refused;
    if (!customers.has(params.customer)) return missing("customer", "customer", params.customer);
    for (const name of ["success_url", "cancel_url"]) {
      if (!URL.canParse(params[name]))
        return error(400, { code: "url_invalid", param: name, message: "Not a valid URL" });
    }
    const { price } = params.line_items[0];
    if (![...Object.values(prices), oldProPrice].includes(price)) {
      return missing("price", "line_items[0][price]", price);
    }
    const session = {
      id: id("cs_test"),
      object: "checkout.session",
      created: nowSeconds(),
      expires_at: nowSeconds() + 86_400,
      livemode: false,
      status: "open",
      payment_status: "unpaid",
      subscription: null,
      ...params,
    };
    session.url = `https://checkout.stripe.com/c/pay/${session.id}`;
    sessions.set(session.id, session);
    return { status: 200, body: session };
  }

  function openPortal(params: Record_): Answer {
    const refused = unknownParameter(params, ["customer", "return_url", "configuration", "locale"]);
    if (refused) return refused;
    if (!customers.has(params.customer)) return missing("customer", "customer", params.customer);
    const session = {
      id: id("bps"),
      object: "billing_portal.session",
      created: nowSeconds(),
      livemode: false,
      ...params,
    };
    return { status: 200, body: { ...session, url: `https://billing.stripe.com/p/session/${session.customer}` } };
  }

  function expireSession(sessionId: string): Answer {
    const session = sessions.get(sessionId);
    if (!session) return missing("checkout.session", "session", sessionId, 404);
    if (session.status !== "open") {
      return error(400, { message: `Only Checkout Sessions with a status in ["open"] can be expired.` });
    }
    Object.assign(session, { status: "expired", url: null });
    return { status: 200, body: session };
  }

  function listSubscriptions(params: Record_): Answer {
    const refused = unknownParameter(params, ["customer", "limit", "status", "price", "starting_after"]);
    if (refused) return refused;
    if (!customers.has(params.customer)) return missing("customer", "customer", params.customer);
    const wanted = [...subscriptions.values()].filter(({ customer, status }) => {
      return (
        customer === params.customer &&
        (params.status ? [status, "all"].includes(params.status) : status !== "canceled")
      );
    });
    return page("/v1/subscriptions", wanted.reverse(), params);
  }

  function cancelSubscription(subscriptionId: string, params: Record_): Answer {
    const refused = unknownParameter(params, ["prorate", "invoice_now", "cancellation_details"]);
    if (refused) return refused;
    const subscription = subscriptions.get(subscriptionId);
    if (!subscription || subscription.status === "canceled") {
      return missing("subscription", "id", subscriptionId, 404);
    }
    Object.assign(subscription, { status: "canceled", canceled_at: nowSeconds(), ended_at: nowSeconds() });
    subscription.credited = params.prorate === "true" && params.invoice_now === "true";
    return { status: 200, body: subscription };
  }

  function answer({ method, path, params }: StripeRequest): Answer {
    const [, , resource, second, third, fourth] = path.split("/");
    const route = `${method} ${resource}${resource === "checkout" ? `/${second}` : ""}`;
    if (route === "POST customers" && !second) return createCustomer(params);
    if (route === "GET subscriptions" && !second) return listSubscriptions(params);
    if (route === "DELETE subscriptions" && second) return cancelSubscription(second, params);
    if (route === "POST checkout/sessions" && !third) return createSession(params);
    if (route === "POST checkout/sessions" && third && fourth === "expire") return expireSession(third);
    if (route === "POST billing_portal" && second === "sessions") return openPortal(params);
    if (route === "GET checkout/sessions" && !third) {
      const { customer, status } = params;
      const wanted = [...sessions.values()].filter((one) => one.customer === customer && one.status === status);
      return list("/v1/checkout/sessions", wanted);
    }
    return error(404, { message: `Unrecognized request URL (${method}: ${path}).` });
  }

  return { customers, sessions, subscriptions, answer };
}
