/** The suite's side of a scenario: what it gives, and what was sent. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

// biome-ignore lint/suspicious/noExplicitAny: scenarios are data
export type Any = any;

const setting = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run \`npm run test:sdk -- typescript\`.`);
  return value;
};

export const url = setting("AGENTIDP_SUITE_URL");
const control = setting("AGENTIDP_SUITE_CONTROL");

async function ask(path: string, body: unknown = null): Promise<Any> {
  const response = await fetch(control + path, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

export const begin = (scenario: Any): Promise<Any> => ask("/begin", scenario);
export const act = (action: Any): Promise<Any> => ask("/act", action);
export const recorded = (): Promise<Any[]> => ask("/recorded");

const folder = setting("AGENTIDP_SUITE_SCENARIOS");

export const scenarios: readonly Any[] = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));

/** What a language leaves out, and why. At most two each. */
export const exemptions: readonly Any[] = JSON.parse(readFileSync(join(folder, "../exemptions.json"), "utf8"));
if (exemptions.filter(({ language }) => language === "typescript").length > 2)
  throw new Error("There are too many exemptions.");
