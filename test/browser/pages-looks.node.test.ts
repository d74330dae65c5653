/** How errors and the API reference look, in a real browser. The portal is in `portal.node.test.ts`. */
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { expectAccessible, hasBrowser, newTab, picture } from "../support/browser.ts";
import { newStage } from "./_stage.ts";

const stage = newStage();

type Scheme = "light" | "dark";

const cases = [
  { width: 320, scheme: "light" },
  { width: 375, scheme: "dark" },
  { width: 1280, scheme: "light" },
  { width: 1280, scheme: "dark" },
] as const;

/** axe takes seconds a page: once for each of the layouts and of the colors. */
const isChecked = (width: number, scheme: Scheme) => width < 768 === (scheme === "light");

const open = (width: number, scheme: Scheme) =>
  newTab(stage.browser, { viewport: { width, height: 800 }, colorScheme: scheme });

async function expectGood(page: Page, width: number, scheme: Scheme, view: string): Promise<void> {
  await picture(page, `${view}-${width}-${scheme}`);
  expect(await page.evaluate("document.documentElement.scrollWidth"), view).toBe(width);
  if (isChecked(width, scheme)) await expectAccessible(page.mainFrame());
}

/** The console has one line for the status of the page itself. */
const ownStatus = /^Failed to load resource: the server responded with a status of (404|401) /;

describe.skipIf(!hasBrowser)("what visitors see", () => {
  it.each(cases)("an error, and a page that is not there, at $width, $scheme", async (one) => {
    const { width, scheme } = one;
    const { page, complaints } = await open(width, scheme);
    for (const [path, name] of [
      ["/nowhere", "not-found"],
      ["/api/v1/agents", "unauthorized"],
    ] as const) {
      await page.goto(`${stage.worker.issuer}${path}`, { waitUntil: "networkidle" });
      const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
      expect(ground).toBe(scheme === "dark" ? "rgb(20, 24, 31)" : "rgb(255, 255, 255)");
      await expectGood(page, width, scheme, name);
    }
    expect(complaints.filter((complaint) => !ownStatus.test(complaint))).toEqual([]);
  });

  it.each(cases)("the API reference at $width, $scheme", async ({ width, scheme }) => {
    const { page, complaints } = await open(width, scheme);
    await page.goto(`${stage.worker.issuer}/docs`, { waitUntil: "networkidle" });
    const viewer = page.locator("openapi-explorer");
    await viewer.locator("#overview").waitFor();
    const font = await page.evaluate("getComputedStyle(document.querySelector('openapi-explorer')).fontFamily");
    expect(font).toMatch(/^system-ui/);
    await expectGood(page, width, scheme, "docs-overview");

    const menu = page.locator("#menu");
    expect(await menu.isVisible()).toBe(width < 768);
    const openMenu = async () => {
      if (width < 768) await menu.click();
    };
    await openMenu();
    expect(await viewer.locator("#nav-bar-search").isVisible()).toBe(true);
    await expectGood(page, width, scheme, "docs-menu");

    await viewer.locator(".nav-bar-info", { hasText: "Authentication" }).click();
    await viewer.locator(".oauth-scopes").waitFor();
    expect(await viewer.locator("#nav-bar-search").isVisible()).toBe(width >= 768);
    expect(await viewer.locator(".oauth-scopes input:checked").count()).toBe(0);
    expect(await viewer.locator(".oauth-scopes input").count()).toBeGreaterThan(5);
    await expectGood(page, width, scheme, "docs-authentication");

    await openMenu();
    await viewer.locator(".nav-bar-tag", { hasText: "Agents" }).first().click();
    await viewer.locator("#link-post-\\/api\\/v1\\/agents").first().click();
    await viewer.locator("api-request").waitFor();
    await expectGood(page, width, scheme, "docs-operation");
    expect(complaints).toEqual([]);
  });
});
