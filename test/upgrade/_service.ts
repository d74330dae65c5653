/** A released version of the service in workerd, for the script that makes its database. */
import type { Miniflare } from "miniflare";
import { type StandInStripe, startStripe, stripeKey } from "../interop/billing/_stand-in-stripe.ts";
import { prices } from "../interop/billing/_stripe-account.ts";
import { eventOf, signed, webhookSecret } from "../interop/billing/_stripe-events.ts";

/** The same as in the tests in workerd, so that the service there opens what this one has sealed and hashed. */
const settings = {
  ISSUER: "http://localhost:8787",
  ENVIRONMENT: "development",
  KEY_ENCRYPTION_KEYS: "test-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
  SECRET_HASH_KEYS: "test-1:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8",
  SETUP_TOKEN: "a-set-up-token-for-the-tests-only-0123456789",
  STRIPE_SECRET_KEY: stripeKey,
  STRIPE_WEBHOOK_SECRET: webhookSecret,
  STRIPE_PRICE_PRO: prices.pro,
  STRIPE_PRICE_ENTERPRISE: prices.enterprise,
};

// biome-ignore lint/suspicious/noExplicitAny: the answers of another version
export type Body = any;

export interface Request {
  readonly method?: string;
  readonly token?: string;
  readonly basic?: { readonly clientId: string; readonly clientSecret: string };
  readonly json?: unknown;
  readonly form?: Record<string, string>;
  readonly status?: number;
}

export interface Service {
  readonly miniflare: Miniflare;
  readonly stripe: StandInStripe;
  /** Sends a request. Throws when the status is not the expected one (any below 300). */
  send(path: string, request?: Request): Promise<Body>;
  /** Delivers an event of Stripe's. */
  deliver(type: string, object: Body): Promise<void>;
  cron(): Promise<void>;
  /** Puts the clock forward, and returns its time. */
  goAhead(ms: number): Promise<number>;
  query(sql: string): Promise<Body[]>;
  stop(): Promise<void>;
}

export async function startService(start: (bindings: Record<string, string>) => Promise<Miniflare>): Promise<Service> {
  const stripe = await startStripe();
  const miniflare = await start({ ...settings, STRIPE_API_URL: stripe.origin });
  const fetchRaw = (path: string, init?: object) =>
    miniflare.dispatchFetch(`${settings.ISSUER}${path}`, init as never) as unknown as Promise<Response>;
  return {
    miniflare,
    stripe,
    async send(path, { method, token, basic, json, form, status } = {}) {
      const headers: Record<string, string> = {};
      if (token) headers.Authorization = `Bearer ${token}`;
      if (basic) headers.Authorization = `Basic ${btoa(`${basic.clientId}:${basic.clientSecret}`)}`;
      if (json !== undefined) headers["Content-Type"] = "application/json";
      if (form) headers["Content-Type"] = "application/x-www-form-urlencoded";
      const body = json === undefined ? form && new URLSearchParams(form).toString() : JSON.stringify(json);
      const init = { method: method ?? (body === undefined ? "GET" : "POST"), headers, ...(body ? { body } : {}) };
      const response = await fetchRaw(path, init);
      const text = await response.text();
      if (status ? response.status !== status : response.status >= 300) {
        throw new Error(`${init.method} ${path}: ${response.status} ${text}`);
      }
      return /json/.test(response.headers.get("Content-Type") ?? "") ? JSON.parse(text) : text;
    },
    async deliver(type, object) {
      const { body, headers } = await signed(eventOf(type, object));
      const response = await fetchRaw("/api/v1/billing/webhook", { method: "POST", body, headers });
      if (!response.ok) throw new Error(`${type}: ${await response.text()}`);
    },
    async cron() {
      await (await miniflare.getWorker()).scheduled({ cron: "* * * * *" });
    },
    async goAhead(ms) {
      return Number(await (await fetchRaw(`/.ahead?ms=${ms}`)).text());
    },
    async query(sql) {
      return (await (await miniflare.getD1Database("DB")).prepare(sql).all()).results;
    },
    async stop() {
      await miniflare.dispose();
      await stripe.close();
    },
  };
}
