/**
 * `npm run test:sdk [-- typescript,rust] [--outputFile.json=path]`: one built Worker with an enterprise organization, a recording
 * proxy before it, and the tests of each client library, packed and installed as a stranger would.
 */
import { existsSync, writeFileSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { builtModules } from "../../scripts/built-worker.ts";
import { freePort } from "../../scripts/port.ts";
import { newOrganization, setUpService } from "./fixtures.ts";
import { testRust } from "./languages/rust.ts";
import { testTypescript } from "./languages/typescript.ts";
import { newProxy } from "./proxy.ts";
import { startService } from "./service.ts";
import { newSuite } from "./suite.ts";

/** What the tests of a library get, as environment variables. */
export interface SuiteSettings {
  readonly AGENTIDP_SUITE_URL: string;
  readonly AGENTIDP_SUITE_CONTROL: string;
  readonly AGENTIDP_SUITE_SCENARIOS: string;
  /** The origin whose pages may call the service: a test in a browser serves them there. */
  readonly AGENTIDP_SUITE_PAGE_ORIGIN: string;
  readonly [name: string]: string;
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

/** Each library's tests, by the name on the command line. */
const languages: Readonly<Record<string, (settings: SuiteSettings) => Promise<Outcome>>> = {
  typescript: testTypescript,
  rust: testRust,
};

const setupToken = "a-set-up-token-for-the-suite-only-0123456789";
const scenarios = join(import.meta.dirname, "scenarios");

async function listening(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

if (import.meta.main) {
  const options = process.argv.slice(2);
  const chosen = options.filter((option) => !option.startsWith("--")).flatMap((option) => option.split(","));
  const [, reportPath] = options.map((option) => /^--outputFile\.json=(.+)$/.exec(option)).find((found) => found) ?? [];
  const unknown = chosen.filter((name) => !(name in languages));
  if (unknown.length > 0) throw new Error(`There is no library in ${unknown}: choose from ${Object.keys(languages)}.`);
  if (!existsSync(builtModules()[0]?.path ?? "")) throw new Error("There is no bundle: run `npm run build` first.");

  const servicePort = await freePort();
  const proxy = newProxy(servicePort);
  const issuer = await listening(proxy.server, 0);
  const pageOrigin = `http://localhost:${await freePort()}`;
  const service = await startService(servicePort, issuer, setupToken, pageOrigin);
  const direct = `http://127.0.0.1:${servicePort}`;
  const operator = await setUpService(direct, setupToken);
  const outcomes: Outcome[] = [];
  for (const name of chosen.length > 0 ? chosen : Object.keys(languages)) {
    const suite = newSuite(direct, proxy, await newOrganization(direct, operator, name), operator);
    const control = await listening(suite, 0);
    const settings = {
      AGENTIDP_SUITE_URL: issuer,
      AGENTIDP_SUITE_CONTROL: control,
      AGENTIDP_SUITE_SCENARIOS: scenarios,
      AGENTIDP_SUITE_PAGE_ORIGIN: pageOrigin,
    };
    const outcome = await languages[name]?.(settings);
    if (outcome) outcomes.push(outcome);
    suite.close();
    suite.closeAllConnections();
  }
  proxy.server.close();
  proxy.server.closeAllConnections();
  await service.stop();
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  // In the form of Vitest, for the sum over all stages of CI.
  if (reportPath) {
    const counts = { numPassedTests: sum(({ passed }) => passed), numFailedTests: sum(({ failed }) => failed) };
    writeFileSync(reportPath, JSON.stringify({ ...counts, testResults: [] }));
  }
  console.log(`${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed)} failed`);
  process.exitCode = sum(({ failed }) => failed) > 0 ? 1 : 0;
}
