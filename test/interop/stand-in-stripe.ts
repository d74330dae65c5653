/**
 * The part of Stripe's API that billing uses, over real HTTP, with its ways: forms with nested keys, unknown parameters
 * refused, idempotency keys, errors, signed events. A test plays the customer and Stripe's own clock.
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import Stripe from "stripe";

export const stripeKey = "sk_test_4eC39HqLyjWDarjtT1zdp7dc";
export const webhookSecret = "whsec_c3RhbmQtaW4tZm9yLXRoZS10ZXN0cw";
export const prices = { pro: "price_1ProMonthly", enterprise: "price_1EnterpriseMonthly" };
/** A price of earlier buyers, which is no longer sold. */
export const oldProPrice = "price_0ProMonthly";

// biome-ignore lint/suspicious/noExplicitAny: Stripe's objects are what the API says that they are
type Record_ = any;

export interface StripeRequest {
  readonly method: string;
  readonly path: string;
  readonly params: Record_;
  readonly idempotencyKey: string | undefined;
  readonly version: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: Record_;
}

const id = (prefix: string) => `${prefix}_${randomBytes(12).toString("hex")}`;
const nowSeconds = () => Math.floor(Date.now() / 1000);

/** `a[b][0]=c` → `{ a: { b: { 0: "c" } } }`. */
function decodeForm(text: string): Record_ {
  const root: Record_ = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const keys = [...name.matchAll(/([^[\]]+)/g)].map(([key]) => key);
    const last = keys.pop()!;
    let node = root;
    for (const key of keys) node = node[key] ??= {};
    node[last] = value;
  }
  return root;
}

const error = (status: number, fields: Record<string, string>): Answer => ({
  status,
  body: { error: { type: "invalid_request_error", doc_url: "https://stripe.com/docs/error-codes", ...fields } },
});

const unavailable = (status: number): Answer => ({
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

const list = (url: string, data: readonly Record_[]): Answer => ({
  status: 200,
  body: { object: "list", url, has_more: false, data },
});

/** The objects of one account, and what can be asked of them. */
function account() {
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
    return list("/v1/subscriptions", wanted.reverse());
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
    if (route === "GET checkout/sessions" && !third) {
      const { customer, status } = params;
      const wanted = [...sessions.values()].filter((one) => one.customer === customer && one.status === status);
      return list("/v1/checkout/sessions", wanted);
    }
    return error(404, { message: `Unrecognized request URL (${method}: ${path}).` });
  }

  return { customers, sessions, subscriptions, answer };
}

async function read(request: IncomingMessage): Promise<StripeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? "", "http://stripe.test");
  const header = (name: string) => request.headers[name] as string | undefined;
  return {
    method: request.method ?? "",
    path: url.pathname,
    params: { ...decodeForm(url.search.slice(1)), ...decodeForm(Buffer.concat(chunks).toString()) },
    idempotencyKey: header("idempotency-key"),
    version: header("stripe-version"),
  };
}

export type StandInStripe = Awaited<ReturnType<typeof startStripe>>;

/** Starts an account with the prices above. */
export async function startStripe() {
  const { customers, sessions, subscriptions, answer } = account();
  const requests: StripeRequest[] = [];
  const kept = new Map<string, { readonly fingerprint: string; answer: Answer | null }>();
  const state = { delayMs: 0, fail: (_: StripeRequest): number | null => null };

  /** Stripe keeps the first answer to a key, a failure too, and refuses another request under it. */
  async function idempotently(
    request: StripeRequest,
    work: () => Promise<Answer>,
  ): Promise<Answer & { replayed?: true }> {
    const { idempotencyKey: key, method, path, params } = request;
    if (method !== "POST" || key === undefined) return work();
    const fingerprint = JSON.stringify([path, params]);
    const known = kept.get(key);
    if (known && known.fingerprint !== fingerprint) {
      return error(400, {
        type: "idempotency_error",
        message: "Keys for idempotent requests can only be used with the same parameters they were first used with.",
      });
    }
    if (known) {
      if (known.answer) return { ...known.answer, replayed: true };
      return error(409, {
        type: "idempotency_error",
        code: "idempotency_key_in_use",
        message: "There is currently another in-progress request using this key.",
      });
    }
    const entry: { readonly fingerprint: string; answer: Answer | null } = { fingerprint, answer: null };
    kept.set(key, entry);
    const made = await work();
    entry.answer = made;
    return made;
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming);
    const reply = ({ status, body, replayed }: Answer & { replayed?: true }) => {
      response.writeHead(status, {
        "Content-Type": "application/json",
        "Request-Id": id("req"),
        "Stripe-Version": request.version ?? "",
        ...(request.idempotencyKey ? { "Idempotency-Key": request.idempotencyKey } : {}),
        ...(replayed ? { "Idempotent-Replayed": "true" } : {}),
      });
      response.end(JSON.stringify(body));
    };
    if (incoming.headers.authorization !== `Bearer ${stripeKey}`) {
      reply(error(401, { message: "Invalid API Key provided" }));
      return;
    }
    requests.push(request);
    const failure = state.fail(request);
    if (failure === 0) {
      incoming.socket.destroy();
      return;
    }
    reply(
      await idempotently(request, async () => {
        const made = structuredClone(failure === null ? answer(request) : unavailable(failure));
        if (state.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, state.delayMs));
        return made;
      }),
    );
  }

  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;

  return {
    origin: `http://127.0.0.1:${port}`,
    /** What was asked, in order. */
    requests,
    customers,
    sessions,
    subscriptions,
    /** How long an answer is on its way, and which ones fail: with a status, or 0 for a broken connection. */
    state,

    /** The session behind a Checkout page's address. */
    sessionAt: (url: string): Record_ => sessions.get(url.slice(url.lastIndexOf("/") + 1)),

    /** Makes a subscription as Checkout, or somebody in the Dashboard, would. */
    subscribe(customer: string, price: string, fields: Record<string, unknown> = {}): Record_ {
      const now = nowSeconds();
      const subscription: Record_ = {
        id: id("sub"),
        object: "subscription",
        status: "active",
        customer,
        created: now,
        cancel_at: null,
        cancel_at_period_end: false,
        canceled_at: null,
        ended_at: null,
        livemode: false,
        metadata: {},
        ...fields,
      };
      const item = {
        id: id("si"),
        object: "subscription_item",
        current_period_start: now,
        current_period_end: now + 30 * 86_400,
        price: { id: price, object: "price", active: true },
        quantity: 1,
        subscription: subscription.id,
      };
      subscription.items = list(`/v1/subscription_items?subscription=${subscription.id}`, [item]).body;
      subscriptions.set(subscription.id, subscription);
      return subscription;
    },

    /** The customer pays on the Checkout page. */
    pay(url: string): { readonly session: Record_; readonly subscription: Record_ } {
      const session = this.sessionAt(url);
      if (session?.status !== "open") throw new Error(`the session is ${session?.status}`);
      const { metadata } = session.subscription_data;
      const subscription = this.subscribe(session.customer, session.line_items[0].price, { metadata });
      Object.assign(session, { status: "complete", payment_status: "paid", subscription: subscription.id, url: null });
      return { session, subscription };
    },

    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** An event as Stripe makes it, with the object as it is at this moment. */
export function eventOf(type: string, object: Record_): Record_ {
  return {
    id: id("evt"),
    object: "event",
    api_version: Stripe.API_VERSION,
    created: nowSeconds(),
    type,
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    data: { object: structuredClone(object) },
  };
}

/** The body and the headers with which Stripe would deliver an event. */
export async function signed(
  event: Record_,
  { secret = webhookSecret, atSeconds = nowSeconds() }: { readonly secret?: string; readonly atSeconds?: number } = {},
): Promise<{ readonly body: string; readonly headers: Record<string, string> }> {
  const payload = JSON.stringify(event, null, 2);
  const signature = await Stripe.webhooks.generateTestHeaderStringAsync({ payload, secret, timestamp: atSeconds });
  return {
    body: payload,
    headers: { "Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature },
  };
}
