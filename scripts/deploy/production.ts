/** `wrangler.production.toml`: `wrangler.toml` with the names, ids and settings of one deployment. No tracked file changes for it. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../wrangler.ts";

/** Untracked. Wrangler reads it with `-c wrangler.production.toml`. */
export const productionConfigPath = join(root, "wrangler.production.toml");
/** The secrets of the first deployment, as JSON. Untracked, and deleted after the set-up. */
export const productionSecretsPath = join(root, ".local", "production.json");

/** What differs from one deployment to another. */
export interface Deployment {
  /** The name of the Worker, and the beginning of the names of its queues. */
  readonly name: string;
  /** The absolute origin, `https://…`. */
  readonly issuer: string;
  /** The id that `wrangler d1 create` prints. */
  readonly databaseId: string;
  /** The id that `wrangler kv namespace create` prints. */
  readonly kvId: string;
}

type Rule = readonly [flag: string, question: string, isRight: (text: string) => boolean, rule: string];

const isIssuer = (text: string) => text.startsWith("https://") && URL.canParse(text) && new URL(text).origin === text;

/** The answers that a deployment needs: the flag, the question, and what an answer must be. */
export const rules: Readonly<Record<keyof Deployment, Rule>> = {
  issuer: [
    "issuer",
    "The issuer, which can never change",
    isIssuer,
    "an https origin, such as https://idp.example.com",
  ],
  databaseId: [
    "database-id",
    "The id that `wrangler d1 create` printed",
    (text) => /^(?!0{8})[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text),
    "a UUID",
  ],
  kvId: [
    "kv-id",
    "The id that `wrangler kv namespace create` printed",
    (text) => /^(?!0{32})[0-9a-f]{32}$/.test(text),
    "32 hexadecimal digits",
  ],
  name: [
    "name",
    "The name of the Worker",
    (text) => /^[a-z0-9][a-z0-9-]{0,40}$/.test(text),
    "at most 41 lower-case letters, digits and hyphens",
  ],
};

/** Whether a text is a right answer. */
export const isAnswer = (name: keyof Deployment, text: string): boolean => rules[name][2](text);

/** The name without another answer. */
export const defaultName = "agentidp";

/** @throws {Error} when `wrangler.toml` has changed so much that the text is not in it, or more often than expected */
function replaced(text: string, before: string | RegExp, after: string, times = 1): string {
  const parts = text.split(before);
  if (parts.length !== times + 1)
    throw new Error(`wrangler.toml has ${before} ${parts.length - 1} times, not ${times}`);
  return parts.join(after);
}

/** Where the Worker is reachable: at the issuer only. */
function addressOf(issuer: string): string {
  const { host } = new URL(issuer);
  const isOwn = !host.endsWith(".workers.dev");
  const route = isOwn ? [`routes = [{ pattern = "${host}", custom_domain = true }]`] : [];
  return [...route, `workers_dev = ${!isOwn}`, "preview_urls = false"].join("\n");
}

/** The text of `wrangler.production.toml`. */
export function productionConfig({ name, issuer, databaseId, kvId }: Deployment): string {
  const base = readFileSync(join(root, "wrangler.toml"), "utf8");
  const settings = `[vars]
ISSUER = "${issuer}"
ENVIRONMENT = "production"
TOKEN_TTL_SECONDS = "3600"
ALLOWED_ORIGINS = ""

`;
  let text = replaced(base, 'name = "agentidp"\nmain', `name = "${name}"\n${addressOf(issuer)}\nmain`);
  text = replaced(text, /\[vars\]\n(?:[A-Z_]+ = .*\n)+\n/, settings);
  text = replaced(text, 'database_name = "agentidp"', `database_name = "${name}"`);
  text = replaced(text, "00000000-0000-0000-0000-000000000000", databaseId);
  text = replaced(text, /\b0{32}\b/, kvId);
  text = replaced(text, '"agentidp-webhooks"', `"${name}-webhooks"`, 2);
  text = replaced(text, '"agentidp-webhooks-dead"', `"${name}-webhooks-dead"`, 2);
  return `# Made by \`npm run deploy:init\`, from wrangler.toml. It is yours: add settings to [vars] here (docs/deploy.md, Settings).
${text}
[observability]
enabled = true
`;
}

/** New secrets for a first deployment. The ids of the keys are the month. */
export function newSecrets(now: Date): Readonly<Record<string, string>> {
  const random = () => randomBytes(32).toString("base64url");
  const id = now.toISOString().slice(0, 7);
  return {
    KEY_ENCRYPTION_KEYS: `${id}:${random()}`,
    SECRET_HASH_KEYS: `${id}:${random()}`,
    SETUP_TOKEN: random(),
    METRICS_TOKEN: random(),
  };
}
