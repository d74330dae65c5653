/** `/reference`, in a real browser: it shows every operation, sends real requests with a token, and keeps nothing. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page, Request } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser, newTab, picture, startBrowser } from "../support/browser.ts";
import { type Admin, send, setUp } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

let worker: WorkerProcess;
let browser: Browser;
let admin: Admin;

beforeAll(async () => {
  if (!hasBrowser) return;
  [worker, browser] = [await newWorkerProcess(), await startBrowser()];
  await worker.start();
  admin = await setUp(worker.issuer);
});
afterAll(async () => {
  await browser?.close();
  await worker?.stop();
});

/** What the tabs of a test complained of: violations of the policy, and errors. */
const complaints: (readonly string[])[] = [];
/** The console has one line for the status of an answer. */
const ownStatus = /^Failed to load resource: the server responded with a status of 401 /;

afterEach(() => {
  const all = complaints.splice(0).flat();
  expect(all.filter((complaint) => !ownStatus.test(complaint))).toEqual([]);
});

/** Opens the page, and collects every request of it. */
async function open(hash = "", width = 1280) {
  const tab = await newTab(browser, { viewport: { width, height: 900 } });
  complaints.push(tab.complaints);
  const requests: Request[] = [];
  tab.page.on("request", (request) => requests.push(request));
  await tab.page.goto(`${worker.issuer}/reference${hash}`);
  await tab.page.locator("elements-api h1").first().waitFor();
  return { page: tab.page, requests };
}

/** Everything that a browser may keep of an origin, as a later page of it sees it. */
const keptBy = (page: Page) =>
  page.evaluate(`(async () => ({
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    cookies: document.cookie,
  }))()`);
const nothing = { local: {}, session: {}, databases: [], caches: [], cookies: "" };

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The rules of axe that a part of the page breaks. */
async function rulesBrokenIn(page: Page, part: { include?: string[]; exclude?: string[] }): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = (await page.evaluate(`axe.run(${JSON.stringify(part)})`)) as { violations: { id: string }[] };
  return violations.map(({ id }) => id);
}

/** The rules that Elements breaks on the page of an operation. */
const ofElements = [
  "aria-command-name",
  "aria-required-attr",
  "aria-valid-attr-value",
  "button-name",
  "color-contrast",
  "heading-order",
  "label",
  "label-content-name-mismatch",
  "landmark-unique",
  "nested-interactive",
  "scrollable-region-focusable",
];

const ownPart = { exclude: ["elements-api"] };

/** Sends the request of an operation, and returns the text of the answer's panel. */
async function sendListAgents(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Send API Request" }).click();
  const answer = page.locator("elements-api .sl-panel", { hasText: "ResponsePreview" });
  await answer.waitFor();
  return answer.innerText();
}

/** The bearer token of the request for the agents. */
function tokenSent(requests: readonly Request[]): string {
  const listing = requests.find((request) => new URL(request.url()).pathname === "/api/v1/agents");
  return listing?.headers().authorization?.replace("Bearer ", "") ?? "";
}

/** Whether the API accepts a token. */
const isAccepted = async (token: string) => (await send(worker.issuer, "/api/v1/agents", { token })).status === 200;

describe.skipIf(!hasBrowser)("/reference", () => {
  it("lists all operations of the document, and asks no other origin", async () => {
    const { page, requests } = await open();
    const { body } = await send(worker.issuer, "/openapi.json");
    const operations = Object.values<Record<string, { operationId?: string }>>(body.paths).flatMap((path) =>
      Object.values(path).flatMap(({ operationId }) => (operationId === undefined ? [] : [operationId])),
    );
    expect(operations.length).toBeGreaterThan(90);
    for (const { name } of body.tags) await page.locator(`elements-api [title="${name}"]`).first().click();
    const links = page.locator('elements-api a[href*="#/operations/"]');
    const shown = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")?.split("/").at(-1)));
    expect(new Set(shown)).toEqual(new Set(operations));
    expect(requests.map((request) => new URL(request.url()).origin)).toEqual(requests.map(() => worker.issuer));
  });

  it("without a token sends none, and the answer says so", async () => {
    const { page } = await open("#/operations/listAgents");
    expect(await sendListAgents(page)).toContain("401 Unauthorized");
    expect(await page.locator("#state").innerText()).toBe("none");
  });

  it("sends a real request with a token of its form, which ends with the page, and nothing of it is kept", async () => {
    const { page, requests } = await open("#/operations/listAgents");
    await page.locator("#token summary").click();
    await page.getByLabel("Client id").fill(admin.clientId);
    await page.getByLabel("Client secret").fill(admin.clientSecret);
    await page.getByLabel("Scopes, or").fill("agents:read");
    await page.getByRole("button", { name: "Get a token" }).click();
    await page.locator("#state", { hasText: "with agents:read" }).waitFor();
    for (const input of await page.locator("#token input").all()) expect(await input.inputValue()).toBe("");
    expect(await rulesBrokenIn(page, ownPart)).toEqual([]);

    const text = await sendListAgents(page);
    expect(text).toContain("200 OK");
    expect(text).toContain("admin@operator.example");
    const token = tokenSent(requests);
    expect(await isAccepted(token)).toBe(true);
    for (const secret of [admin.clientSecret, token]) {
      expect(await page.content()).not.toContain(secret);
      expect(requests.map((request) => request.url()).join()).not.toContain(secret);
    }
    await page.goto(`${worker.issuer}/errors`);
    await expect.poll(() => isAccepted(token), { timeout: 30_000 }).toBe(false);
    expect(await keptBy(page)).toEqual(nothing);
  });

  it("ends the token after five minutes, and when the visitor says so", async () => {
    const { page, requests } = await open("#/operations/listAgents");
    const getToken = async () => {
      await page.getByLabel("Client id").fill(admin.clientId);
      await page.getByLabel("Client secret").fill(admin.clientSecret);
      await page.getByRole("button", { name: "Get a token" }).click();
      await page.locator("#state", { hasText: "from the form" }).waitFor();
      requests.splice(0);
      await sendListAgents(page);
      return tokenSent(requests);
    };
    await page.clock.install();
    await page.locator("#token summary").click();
    const first = await getToken();
    expect(await isAccepted(first)).toBe(true);
    await page.clock.fastForward("05:00");
    await page.locator("#state", { hasText: /^none$/ }).waitFor();
    await expect.poll(() => isAccepted(first), { timeout: 30_000 }).toBe(false);

    const second = await getToken();
    await page.getByRole("button", { name: "Forget" }).click();
    await expect.poll(() => isAccepted(second), { timeout: 30_000 }).toBe(false);
  });

  it("a pasted token is sent, in its own field or the explorer's, lives on, and is not kept", async () => {
    const { page, requests } = await open("#/operations/listAgents");
    await page.locator("#token summary").click();
    await page.getByLabel("Access token").fill(admin.token);
    await page.getByRole("button", { name: "Use this token" }).click();
    expect(await sendListAgents(page)).toContain("200 OK");
    expect(tokenSent(requests)).toBe(admin.token);
    await page.getByRole("button", { name: "Forget" }).click();

    requests.splice(0);
    await page.locator("elements-api").getByRole("textbox", { name: "Token" }).fill(admin.token);
    expect(await sendListAgents(page)).toContain("200 OK");
    expect(tokenSent(requests)).toBe(admin.token);
    await page.goto(`${worker.issuer}/errors`);
    expect(await keptBy(page)).toEqual(nothing);
    expect(await isAccepted(admin.token)).toBe(true);
  });

  it("breaks no other rules of accessibility than those that the explorer is known to break", async () => {
    const { page } = await open("#/operations/registerAgent");
    expect(await rulesBrokenIn(page, ownPart)).toEqual([]);
    const broken = await rulesBrokenIn(page, { include: ["elements-api"] });
    expect(broken.filter((rule) => !ofElements.includes(rule))).toEqual([]);
  });

  it.each([320, 1280])("does not scroll sideways at %d", async (width) => {
    const { page } = await open("#/operations/listAgents", width);
    await picture(page, `reference-${width}`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  });
});
