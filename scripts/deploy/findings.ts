/** What is wrong with a deployment, as far as its files say. */
import type { Unstable_Config as Config } from "wrangler";
import { parseSettings, SettingsError, type SettingTexts, settingNames } from "../../src/platform/settings.ts";
import { isAnswer } from "./production.ts";

/** What must be as in wrangler.toml, because the code of this version relies on it. */
const shared = [
  "compatibility_date",
  "compatibility_flags",
  "minify",
  "keep_names",
  "upload_source_maps",
  "limits",
  "triggers",
  "rules",
  "migrations",
  "durable_objects",
] as const;

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** Secrets that a service needs before it starts, of a form that every check accepts. */
const wellFormed = { KEY_ENCRYPTION_KEYS: `any:${"A".repeat(43)}`, SECRET_HASH_KEYS: `any:${"A".repeat(43)}` };

/** The secrets that every deployment needs. */
export const neededSecrets = ["KEY_ENCRYPTION_KEYS", "SECRET_HASH_KEYS", "METRICS_TOKEN"] as const;

/** A queue without its names, and in which role it is. */
const queuesOf = ({ queues }: Config) => ({
  producers: queues.producers?.map(({ binding }) => binding),
  consumers: queues.consumers?.map(({ queue: _, dead_letter_queue, ...rest }) => ({
    ...rest,
    hasDeadLetters: dead_letter_queue !== undefined,
  })),
});

function bindingFindings(config: Config, base: Config): string[] {
  const findings: string[] = shared
    .filter((field) => !isSame(config[field], base[field]))
    .map((field) => `${field} is not as in wrangler.toml of this version: copy it from there`);
  for (const field of ["d1_databases", "kv_namespaces"] as const) {
    const names = (one: Config) => one[field].map(({ binding }) => binding);
    if (!isSame(names(config), names(base))) findings.push(`${field} has not the bindings of wrangler.toml`);
  }
  if (!isSame(queuesOf(config), queuesOf(base))) {
    findings.push("queues are not as in wrangler.toml, apart from their names: copy them from there");
  }
  const [first, dead] = config.queues.consumers ?? [];
  if (first?.dead_letter_queue !== dead?.queue || !dead?.queue.endsWith("-dead")) {
    findings.push("dead_letter_queue of the first consumer must be the queue of the second one, and end in -dead");
  }
  if (config.queues.producers?.[0]?.queue !== first?.queue)
    findings.push("the producer and the first consumer must have one queue");
  if (!isAnswer("databaseId", config.d1_databases[0]?.database_id ?? ""))
    findings.push("database_id must be the UUID that `wrangler d1 create` printed");
  if (!isAnswer("kvId", config.kv_namespaces[0]?.id ?? ""))
    findings.push("the id of CACHE must be the 32 hexadecimal digits that `wrangler kv namespace create` printed");
  return findings;
}

/** The issuer is the only address: a second one would serve tokens with an issuer that is not its own. */
function addressFindings({ vars, routes = [], workers_dev, preview_urls }: Config): string[] {
  const issuer = String(vars.ISSUER ?? "");
  if (!isAnswer("issuer", issuer)) return ["ISSUER must be an https origin, such as https://idp.example.com"];
  const { host } = new URL(issuer);
  const patterns = routes.map((route) => (typeof route === "string" ? route : route.pattern));
  const findings: string[] = [];
  if (preview_urls !== false) findings.push("preview_urls must be false: a preview is a second address of the service");
  if (host.endsWith(".workers.dev")) {
    if (workers_dev !== true) findings.push(`workers_dev must be true, because ISSUER is ${issuer}`);
  } else {
    if (workers_dev !== false) findings.push("workers_dev must be false: it is a second address of the service");
    if (!patterns.some((pattern) => pattern === host || pattern.startsWith(`${host}/`))) {
      findings.push(`no route leads to ${host}, the host of ISSUER`);
    }
  }
  return findings;
}

/** @param judged names of settings that have a finding already */
function settingFindings(texts: SettingTexts, judged: readonly string[]): string[] {
  const isDevelopment = texts.ENVIRONMENT === "development";
  const findings = isDevelopment ? ["ENVIRONMENT must be production or staging"] : [];
  try {
    // The rules of production, so that the other findings are there at once.
    parseSettings(isDevelopment ? { ...texts, ENVIRONMENT: "production" } : texts);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    findings.push(...error.message.replace("The Worker cannot start: ", "").split("; "));
  }
  return findings.filter((finding) => !judged.some((name) => finding.startsWith(`${name} `)));
}

/**
 * What is wrong with a deployment; empty when nothing is.
 *
 * @param config `wrangler.production.toml`
 * @param base `wrangler.toml` of this version
 * @param secrets those of a first deployment by name, or null when they are at Cloudflare already
 */
export function findingsOf(config: Config, base: Config, secrets: Readonly<Record<string, string>> | null): string[] {
  const vars = Object.fromEntries(Object.entries(config.vars).map(([name, value]) => [name, String(value)]));
  const missing = secrets ? neededSecrets.filter((name) => !secrets[name]) : [];
  const inVars = [...neededSecrets, "SETUP_TOKEN", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"].filter(
    (name) => name in vars,
  );
  const unknown = Object.keys(vars).filter((name) => !settingNames.includes(name));
  const addresses = addressFindings(config);
  return [
    ...bindingFindings(config, base),
    ...addresses,
    ...unknown.map((name) => `${name} in [vars] is no setting of this version`),
    ...inVars.map((name) => `${name} is a secret and must not be in [vars]`),
    ...missing.map((name) => `the secret ${name} is missing`),
    ...settingFindings(
      { ...wellFormed, ...vars, ...secrets },
      addresses.some((finding) => finding.startsWith("ISSUER ")) ? ["ISSUER"] : [],
    ),
  ];
}
