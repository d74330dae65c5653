/**
 * The part of Stripe's API that billing uses, over real HTTP, with its ways: forms with nested keys, idempotency keys, errors.
 * A test plays the customer and Stripe's own clock.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  type Answer,
  account,
  error,
  id,
  list,
  nowSeconds,
  type Record_,
  type StripeRequest,
  unavailable,
} from "./_stripe-account.ts";

export const stripeKey = "sk_test_4eC39HqLyjWDarjtT1zdp7dc";

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
        pause_collection: null,
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

    /** Somebody deletes the customer in the Dashboard, which ends its subscriptions. */
    deleteCustomer(customer: string): Record_ {
      for (const subscription of subscriptions.values()) {
        if (subscription.customer === customer) Object.assign(subscription, { status: "canceled" });
      }
      const deleted = customers.get(customer);
      customers.delete(customer);
      return deleted;
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
