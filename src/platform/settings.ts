/** The settings of the service: their rules, without Cloudflare's types, so that a script can check a deployment by them. */
import { z } from "@hono/zod-openapi";
import { type KeyRing, parseKeyRing } from "./crypto/key-ring.ts";
import { longestLifeSeconds } from "./lifetimes.ts";

const origin = z
  .string({ error: "is missing: set it to the absolute origin of the service, such as https://idp.example.com" })
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, {
    error: "must be an absolute origin without path or trailing slash, such as https://idp.example.com",
  });

const keyRing = z
  .string({ error: "is missing: set it with `wrangler secret put`, as id:base64url-of-32-bytes[,id:...]" })
  .transform((text, context): KeyRing => {
    const ring = parseKeyRing(text);
    if (ring) return ring;
    context.addIssue({ code: "custom", message: "must be id:base64url-of-32-bytes, separated by commas, ids unique" });
    return z.NEVER;
  });

const webUrl = (error: string) =>
  z.string().refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), { error });

const resolverUrl = webUrl("must be the https URL of a DNS-over-HTTPS endpoint that answers in JSON, or off");

const isLoopbackHttp = (text: string) => /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$)/.test(text);

const staticRecords = z
  .string()
  .transform((text, context): Readonly<Record<string, readonly string[]>> => {
    try {
      return z.record(z.string(), z.array(z.string())).parse(JSON.parse(text));
    } catch {
      context.addIssue({
        code: "custom",
        message: 'must be JSON, such as {"_agentidp-challenge.acme.example":["agentidp-verify=…"]}',
      });
      return z.NEVER;
    }
  })
  .optional();

/** By default, a developer's machine sends no DNS queries. */
function resolverOf(environment: string, resolver: string | undefined): string | null {
  const byDefault = environment === "development" ? "off" : "https://cloudflare-dns.com/dns-query";
  return (resolver ?? byDefault) === "off" ? null : (resolver ?? byDefault);
}

/** Not normalized: it must equal `iss` exactly. */
const githubIssuer = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:\/\/[^\s?#@\\]+$/.test(text), {
    error: "must be the issuer of GitHub's tokens, such as https://token.actions.githubusercontent.com",
  })
  .default("https://token.actions.githubusercontent.com");

const stripeSecret = z.string().trim().min(1, { error: "must not be empty" }).optional();

/** New subscriptions get the first price. The others are the prices of older subscriptions and give the same tier. */
const prices = z
  .string()
  .transform((text) => text.split(",").map((entry) => entry.trim()))
  .pipe(z.array(z.string().regex(/^price_\w+$/, { error: "must be Stripe price ids (price_…), separated by commas" })))
  .optional();

const pageUrl = webUrl("must be the absolute URL of a page").optional();

const stripeSettings = {
  STRIPE_SECRET_KEY: stripeSecret,
  STRIPE_WEBHOOK_SECRET: stripeSecret,
  STRIPE_PRICE_PRO: prices,
  STRIPE_PRICE_ENTERPRISE: prices,
  STRIPE_API_URL: origin.default("https://api.stripe.com"),
  BILLING_SUCCESS_URL: pageUrl,
  BILLING_CANCEL_URL: pageUrl,
};

/** null unless all four settings of Stripe are set: an incomplete set-up could take money without an upgrade. */
function billingOf(env: z.output<z.ZodObject<typeof stripeSettings>>, issuer: string) {
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = env;
  const { STRIPE_PRICE_PRO: pro, STRIPE_PRICE_ENTERPRISE: enterprise } = env;
  if (!secretKey || !webhookSecret || !pro || !enterprise) return null;
  return {
    secretKey,
    webhookSecret,
    prices: { pro, enterprise },
    apiUrl: env.STRIPE_API_URL,
    successUrl: env.BILLING_SUCCESS_URL ?? `${issuer}/docs`,
    cancelUrl: env.BILLING_CANCEL_URL ?? `${issuer}/docs`,
    returnUrl: env.BILLING_CANCEL_URL ?? `${issuer}/docs`,
  };
}

/** RFC 9116 2.5.3: a URI. */
const contact = z
  .string()
  .refine((text) => URL.canParse(text) && /^(https:|mailto:[^@\s]+@)/.test(text), {
    error: "must be an https or mailto URI, such as mailto:security@example.com",
  })
  .optional();

const operatorName = z
  .string()
  .trim()
  .min(1, { error: "must not be empty" })
  .max(100, { error: "must have at most 100 characters" })
  .optional();

/** Where people read the folder `docs/` of the repository. The names of its files are appended. */
const docsUrl = webUrl("must be the absolute URL of a folder")
  .refine((text) => /^[^?#]+[^?#/]$/.test(text), { error: "must have no trailing slash, query or fragment" })
  .optional();

const adminToken = z.string().min(32, { error: "must have at least 32 characters" }).optional();

const seconds = (least: number, most: number) =>
  z.coerce
    .number({ error: `must be a whole number of seconds from ${least} to ${most}` })
    .int()
    .min(least, { error: `must be at least ${least} seconds` })
    .max(most, { error: `must be at most ${most} seconds` })
    .default(3600);

const settingTexts = z.object({
  ISSUER: origin,
  ENVIRONMENT: z
    .enum(["development", "staging", "production"], { error: "must be development, staging or production" })
    .default("production"),
  KEY_ENCRYPTION_KEYS: keyRing,
  SECRET_HASH_KEYS: keyRing,
  SETUP_TOKEN: adminToken,
  METRICS_TOKEN: adminToken,
  TOKEN_TTL_SECONDS: seconds(60, longestLifeSeconds),
  ALLOWED_ORIGINS: z
    .string()
    .default("")
    .transform((text) => text.split(",").map((entry) => entry.trim()))
    .transform((entries) => entries.filter((entry) => entry !== ""))
    .pipe(z.array(origin)),
  GITHUB_OIDC_ISSUER: githubIssuer,
  DNS_RESOLVER: z.union([z.literal("off"), resolverUrl]).optional(),
  DNS_STATIC_RECORDS: staticRecords,
  REMOTE_JWKS_TTL_SECONDS: seconds(0, 86_400),
  COMPLIANCE_ENABLED: z.enum(["true", "false"], { error: "must be true or false" }).default("true"),
  OPERATOR_NAME: operatorName,
  OPERATOR_CONTACT: contact,
  DOCS_URL: docsUrl,
  ...stripeSettings,
});

/** The names of all settings. */
export const settingNames: readonly string[] = Object.keys(settingTexts.shape);

const settingsSchema = settingTexts
  .superRefine((env, context) => {
    if (env.ENVIRONMENT === "development") return;
    const refuse = (name: keyof typeof env, message: string) =>
      context.addIssue({ code: "custom", path: [name], message });
    for (const name of ["ISSUER", "GITHUB_OIDC_ISSUER", "STRIPE_API_URL"] as const) {
      if (!env[name].startsWith("https://")) refuse(name, "must be https unless ENVIRONMENT is development");
    }
    if (env.DNS_STATIC_RECORDS !== undefined) refuse("DNS_STATIC_RECORDS", "is for ENVIRONMENT development only");
    if (env.REMOTE_JWKS_TTL_SECONDS < 60) {
      refuse("REMOTE_JWKS_TTL_SECONDS", "must be at least 60 seconds unless ENVIRONMENT is development");
    }
  })
  .refine(
    ({ ENVIRONMENT, DNS_RESOLVER = "off" }) =>
      !DNS_RESOLVER.startsWith("http:") || (ENVIRONMENT === "development" && isLoopbackHttp(DNS_RESOLVER)),
    { path: ["DNS_RESOLVER"], error: "must be https; http only on loopback and where ENVIRONMENT is development" },
  )
  .refine((env) => !env.STRIPE_PRICE_PRO?.some((price) => env.STRIPE_PRICE_ENTERPRISE?.includes(price)), {
    path: ["STRIPE_PRICE_ENTERPRISE"],
    error: "must not hold a price of STRIPE_PRICE_PRO",
  })
  .transform((env) => ({
    issuer: env.ISSUER,
    environment: env.ENVIRONMENT,
    keyEncryptionKeys: env.KEY_ENCRYPTION_KEYS,
    secretHashKeys: env.SECRET_HASH_KEYS,
    setupToken: env.SETUP_TOKEN,
    metricsToken: env.METRICS_TOKEN,
    tokenTtlSeconds: env.TOKEN_TTL_SECONDS,
    allowedOrigins: env.ALLOWED_ORIGINS,
    githubOidcIssuer: env.GITHUB_OIDC_ISSUER,
    dnsResolver: resolverOf(env.ENVIRONMENT, env.DNS_RESOLVER),
    dnsStaticRecords: env.DNS_STATIC_RECORDS ?? null,
    remoteJwksTtlSeconds: env.REMOTE_JWKS_TTL_SECONDS,
    complianceEnabled: env.COMPLIANCE_ENABLED === "true",
    operator: { name: env.OPERATOR_NAME ?? null, contact: env.OPERATOR_CONTACT ?? null },
    docsUrl: env.DOCS_URL ?? null,
    billing: billingOf(env, env.ISSUER),
  }));

/** The settings as text, by name. */
export type SettingTexts = Readonly<Partial<Record<keyof z.input<typeof settingsSchema>, string>>>;

/**
 * The checked settings. `dnsResolver` is a DNS-over-HTTPS endpoint, null for no look-ups; `dnsStaticRecords` are TXT values by
 * name that replace it; `remoteJwksTtlSeconds` is how long the keys of other issuers are fresh; `billing` is null without Stripe.
 */
export type Settings = z.output<typeof settingsSchema>;

/** A setting is missing or malformed. The message has the names of settings, never their values. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/**
 * Parses the settings. Other members, such as bindings, are ignored.
 *
 * @throws {SettingsError} with every setting that is missing or malformed
 */
export function parseSettings(texts: SettingTexts): Settings {
  const result = settingsSchema.safeParse(texts);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
  throw new SettingsError(`The Worker cannot start: ${lines.join("; ")}`);
}
