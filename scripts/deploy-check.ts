/**
 * `npm run deploy:check`: reads `wrangler.production.toml` and the secrets of a first deployment, and says what is wrong with them.
 * With `--remote` it reads the names of the deployed secrets from Cloudflare. Exit code 1 with findings.
 */
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { unstable_readConfig } from "wrangler";
import { Advice, giveUp } from "./advice.ts";
import { findingsOf, neededSecrets } from "./deploy/findings.ts";
import { productionConfigPath, productionSecretsPath } from "./deploy/production.ts";
import { root, runWrangler } from "./wrangler.ts";

const shown = (path: string) => relative(root, path);

function configAt(path: string) {
  try {
    return unstable_readConfig({ config: path }, { hideWarnings: true });
  } catch (error) {
    const { message, location } = error as Error & { readonly location?: { readonly line?: number } };
    const where = location?.line === undefined ? "" : `, line ${location.line}`;
    throw new Advice(`${shown(path)}${where}: ${message.split("\n")[0]}`);
  }
}

/** The secrets of the first deployment; null when the file is gone, as after the set-up. */
function firstSecrets(): Record<string, string> | null {
  if (!existsSync(productionSecretsPath)) return null;
  try {
    return JSON.parse(readFileSync(productionSecretsPath, "utf8"));
  } catch {
    throw new Advice(`${shown(productionSecretsPath)} is no JSON.`);
  }
}

/** What is wrong with the names of the secrets that are at Cloudflare. */
function deployedFindings(): string[] {
  const list = JSON.parse(runWrangler("secret", "list", "-c", productionConfigPath)) as { readonly name: string }[];
  const names = list.map(({ name }) => name);
  const missing = neededSecrets.filter((name) => !names.includes(name));
  return [
    ...missing.map(
      (name) =>
        `the secret ${name} is not at Cloudflare: npx wrangler secret put ${name} -c ${shown(productionConfigPath)}`,
    ),
    ...(names.includes("SETUP_TOKEN") ? ["SETUP_TOKEN is at Cloudflare: delete it after the set-up"] : []),
  ];
}

try {
  const { values } = parseArgs({ options: { remote: { type: "boolean", default: false } } });
  if (!existsSync(productionConfigPath)) {
    throw new Advice(`There is no ${shown(productionConfigPath)}: run npm run deploy:init.`);
  }
  const base = configAt(`${root}/wrangler.toml`);
  const config = configAt(productionConfigPath);
  const secrets = firstSecrets();
  const findings = [...findingsOf(config, base, secrets), ...(values.remote ? deployedFindings() : [])];
  if (findings.length > 0) {
    console.error(findings.map((finding) => `- ${finding}`).join("\n"));
    throw new Advice(`${findings.length} to mend before the deployment.`);
  }
  const which = secrets ? ` and ${shown(productionSecretsPath)}` : "";
  console.log(`${shown(productionConfigPath)}${which}: nothing to mend.`);
  if (!secrets && !values.remote) {
    console.log("The secrets are not checked. Those at Cloudflare: npm run deploy:check -- --remote");
  }
} catch (error) {
  giveUp(error);
}
