/** A real browser for tests, and pages of other origins for it to visit. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Frame, type Page } from "playwright-core";
import { expect } from "vitest";

const candidates = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executable = candidates.find((path) => path !== undefined && path !== "" && existsSync(path));

/** Whether a browser is installed. Without one, its tests are skipped. */
export const hasBrowser = executable !== undefined;

if (!hasBrowser) {
  console.warn("Skipped: no Chromium here. Install it (`apt-get install chromium`), or name one in CHROMIUM.");
}

const quiet = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the browser, with a new and empty profile. */
export function startBrowser(): Promise<Browser> {
  if (executable === undefined) throw new Error("there is no browser");
  return chromium.launch({ executablePath: executable, chromiumSandbox: false, args: quiet });
}

/** A tab of a visitor, and its errors. */
export interface Tab {
  readonly page: Page;
  /** Errors in the console, uncaught exceptions and dialogs. */
  readonly complaints: readonly string[];
}

/** Opens a tab in its own context, without cookies and cache. */
export async function newTab(browser: Browser, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  // Records all layout shifts without user input, from the start (Layout Instability API).
  await page.addInitScript(`
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries())
        shifts.push({ value, moved: sources.map(({ previousRect, currentRect }) => [previousRect, currentRect]) });
    }).observe({ type: "layout-shift", buffered: true });
  `);
  return { page, complaints };
}

/** The layout shifts of the page. */
export function layoutShifts(frame: Page | Frame): Promise<unknown[]> {
  return frame.evaluate("shifts");
}

const axe = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** The number of rules that the frame keeps; the test fails for every one that it breaks. */
async function rulesKept(frame: Frame, options: object): Promise<number> {
  await frame.evaluate(await axe);
  const run = `axe.run(document, ${JSON.stringify({ iframes: false, ...options })})`;
  const { violations, passes } = (await frame.evaluate(run)) as { violations: Violation[]; passes: unknown[] };
  expect(violations.map(({ id, help, nodes }) => [id, help, nodes.map(({ html }) => html)])).toEqual([]);
  return passes.length;
}

/** Fails the test for every rule of axe that a frame breaks, and when axe checked nearly nothing. */
export async function expectAccessible(frame: Frame): Promise<void> {
  expect(await rulesKept(frame, {})).toBeGreaterThan(10);
}

/** Fails the test for a text without enough contrast: for a theme whose other rules were checked in another one. */
export async function expectContrast(frame: Frame): Promise<void> {
  expect(await rulesKept(frame, { runOnly: ["color-contrast", "link-in-text-block"] })).toBeGreaterThan(0);
}

/** Stores a screenshot in the folder SCREENSHOTS, if set. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A server of another origin. */
export interface Site {
  /** Not the origin of any Worker of the tests. */
  readonly origin: string;
  /** Sets the answer of each path; other paths are 404. */
  readonly answers: Map<string, Answer>;
  /** All requests, as `GET /path`, with their headers. */
  readonly requests: { readonly line: string; readonly headers: Readonly<Record<string, unknown>> }[];
  close(): Promise<void>;
}

/** Opens a site on this machine. */
export async function newSite(): Promise<Site> {
  const answers = new Map<string, Answer>();
  const requests: Site["requests"] = [];
  const server = createServer(({ method, url = "", headers }, response) => {
    requests.push({ line: `${method} ${url}`, headers });
    const { status = 200, headers: own = {}, body } = answers.get(url) ?? { status: 404, body: "" };
    response.writeHead(status, { "Content-Type": "text/html; charset=utf-8", ...own }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
