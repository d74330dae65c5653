/**
 * `npm run deploy:init`: makes `wrangler.production.toml` and the secrets of a first deployment. It takes its answers from flags,
 * from the environment, and from a person at a terminal; without a terminal it asks nothing.
 */
import { existsSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { Advice, giveUp } from "./advice.ts";
import {
  type Deployment,
  defaultName,
  newSecrets,
  productionConfig,
  productionConfigPath,
  productionSecretsPath,
  rules,
} from "./deploy/production.ts";
import { writePrivateFile } from "./files.ts";
import { root } from "./wrangler.ts";

const names = Object.keys(rules) as (keyof Deployment)[];
const variableOf = (flag: string) => `DEPLOY_${flag.toUpperCase().replaceAll("-", "_")}`;

/** The flags: the answers, and whether this is a deployment that has its secrets. */
function flags(): Readonly<Record<string, unknown>> {
  const answers = names.map((name) => [rules[name][0], { type: "string" as const }]);
  return parseArgs({ options: { ...Object.fromEntries(answers), "without-secrets": { type: "boolean" } } }).values;
}

/** The answers of the flags, or of the environment. */
function givenAnswers(values: ReturnType<typeof flags>): Map<keyof Deployment, string> {
  const given = new Map<keyof Deployment, string>();
  for (const name of names) {
    const [flag, , isRight, rule] = rules[name];
    const answer = values[flag] ?? process.env[variableOf(flag)];
    if (typeof answer !== "string") continue;
    if (!isRight(answer)) throw new Advice(`--${flag} must be ${rule}, not "${answer}".`);
    given.set(name, answer);
  }
  return given;
}

async function askFor(missing: readonly (keyof Deployment)[]): Promise<Map<keyof Deployment, string>> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answers = new Map<keyof Deployment, string>();
  for (const name of missing) {
    const [, question, isRight, rule] = rules[name];
    const isDefault = name === "name" ? ` [${defaultName}]` : "";
    for (;;) {
      const text = (await terminal.question(`${question}${isDefault}: `)).trim();
      const answer = text === "" && isDefault ? defaultName : text;
      if (isRight(answer)) {
        answers.set(name, answer);
        break;
      }
      console.log(`It must be ${rule}.`);
    }
  }
  terminal.close();
  return answers;
}

async function deployment(values: ReturnType<typeof flags>): Promise<Deployment> {
  const given = givenAnswers(values);
  const isTerminal = process.stdin.isTTY === true;
  if (!isTerminal && !given.has("name")) given.set("name", defaultName);
  const missing = names.filter((name) => !given.has(name));
  if (!isTerminal && missing.length > 0) {
    const flags = missing.map((name) => `  --${rules[name][0]}, or ${variableOf(rules[name][0])}: ${rules[name][3]}`);
    throw new Advice(`These are missing, and there is no terminal to ask:\n${flags.join("\n")}`);
  }
  const answers = new Map([...given, ...(missing.length > 0 ? await askFor(missing) : [])]);
  const answerOf = (name: keyof Deployment) => answers.get(name) ?? "";
  return {
    name: answerOf("name"),
    issuer: answerOf("issuer"),
    databaseId: answerOf("databaseId"),
    kvId: answerOf("kvId"),
  };
}

try {
  const [config, secrets] = [productionConfigPath, productionSecretsPath].map((path) => relative(root, path));
  if (existsSync(productionConfigPath)) {
    throw new Advice(`${config} exists, and is not overwritten. Edit it, or move it away first.`);
  }
  const values = flags();
  writeFileSync(productionConfigPath, productionConfig(await deployment(values)), { flag: "wx" });
  console.log(`Wrote ${config}.`);
  if (values["without-secrets"]) {
    console.log("Wrote no secrets: those at Cloudflare stay.");
  } else if (existsSync(productionSecretsPath)) {
    console.log(`${secrets} exists, and stays as it is.`);
  } else {
    writePrivateFile(productionSecretsPath, `${JSON.stringify(newSecrets(new Date()), null, 2)}\n`);
    console.log(`Wrote new secrets to ${secrets}. Put a copy into your secret store now.`);
  }
  console.log("Next: npm run deploy:check");
} catch (error) {
  const isUsage = error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  giveUp(isUsage ? new Advice(error.message) : error);
}
