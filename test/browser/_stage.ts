/** Where the embeds are tested: the service, a browser, and the status page of somebody else. */
import { createHash } from "node:crypto";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { hasBrowser, newSite, type Site, startBrowser } from "../support/browser.ts";
import { setUp } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

/** The element's parts, for locators. */
export const summary = "sentryagent-controls .summary";
export const lead = "sentryagent-controls .lead";
export const items = "sentryagent-controls li";

/** Room for the element, as the guide recommends it. */
const roomStyle = `
sentryagent-controls { display: block; min-height: 120rem }
@media (min-width: 48rem) { sentryagent-controls { min-height: 69rem } }
@media (min-width: 76rem) { sentryagent-controls { min-height: 48rem } }
`;

/** A control as the service shows it. */
export const control = (fields: Record<string, unknown> = {}) => ({
  id: "CC6.1",
  name: "Logical Access Controls",
  status: "pass",
  lastChecked: new Date().toISOString(),
  evidence: "12 calls without valid access refused",
  ...fields,
});

export interface Stage {
  /** Has measured its controls once. */
  readonly worker: WorkerProcess;
  readonly browser: Browser;
  readonly site: Site;
  /** A status page of somebody else, with the strictest policy under which the embeds can work at all. Answers with its address. */
  statusPage(body: string): string;
  /** Answers as the service would, from the site, with whatever controls. Answers with the address. */
  standIn(answer: unknown, status?: number): string;
}

/** Nothing but what the embeds need, and Trusted Types, so that any use of markup would throw. */
const strictPolicy = (service: string, own: string) =>
  [
    "default-src 'none'",
    `script-src ${service}`,
    `connect-src ${service} ${own}`,
    `frame-src ${service}`,
    `img-src ${service} data:`,
    `style-src 'sha256-${createHash("sha256").update(roomStyle).digest("base64")}'`,
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

/** For a test file: sets the stage before its tests, where there is a browser, and takes it down behind them. */
export function newStage(): Stage {
  let worker: WorkerProcess;
  let browser: Browser;
  let site: Site;

  beforeAll(async () => {
    if (!hasBrowser) return;
    [worker, browser, site] = [await newWorkerProcess(), await startBrowser(), await newSite()];
    await worker.start();
    await setUp(worker.issuer);
    await worker.runCron();
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await worker?.stop();
  });

  beforeEach(() => {
    site?.answers.clear();
    site?.requests.splice(0);
  });

  return {
    get worker() {
      return worker;
    },
    get browser() {
      return browser;
    },
    get site() {
      return site;
    },
    statusPage(body) {
      site.answers.set("/status", {
        headers: { "Content-Security-Policy": strictPolicy(worker.issuer, site.origin) },
        body: `<!doctype html><html lang="en"><head><meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1"><title>Status</title>
          <link rel="icon" href="data:,"><style>${roomStyle}</style>
          <script src="${worker.issuer}/embed/controls.js" defer></script></head>
          <body><main><h1>Status of a company</h1>${body}</main></body></html>`,
      });
      return `${site.origin}/status`;
    },
    standIn(answer, status = 200) {
      site.answers.set("/controls.json", {
        status,
        headers: { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*" },
        body: typeof answer === "string" ? answer : JSON.stringify(answer),
      });
      return `${site.origin}/controls.json`;
    },
  };
}
