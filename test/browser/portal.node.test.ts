/** The portal in a real browser: how it looks, and what its script does. What the pages say is in `test/platform/web/portal.test.ts`. */
import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { expectAccessible, hasBrowser, newTab, picture } from "../support/browser.ts";
import { newStage } from "./_stage.ts";

const stage = newStage();

type Scheme = "light" | "dark";

const cases: readonly { readonly width: number; readonly scheme: Scheme }[] = [
  { width: 320, scheme: "light" },
  { width: 768, scheme: "light" },
  { width: 1280, scheme: "dark" },
];

/** One page of each layout, with what is widest: tables, code, a diagram, a filled table. */
const pages = ["/", "/guides/a2a-delegation", "/performance", "/pricing", "/status"];

/** axe takes seconds a page. These have every element; the layouts differ by width, the colors by theme. */
const checked = new Set(["/", "/guides/a2a-delegation", "/status"]);
const isChecked = (width: number, scheme: Scheme) => width < 768 === (scheme === "light");

/** A tab that notes every request to another origin. */
async function open(options: BrowserContextOptions = {}) {
  const { page, complaints } = await newTab(stage.browser, options);
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  const { issuer } = stage.worker;
  return {
    page,
    requests,
    goto: (path: string) => page.goto(`${issuer}${path}`, { waitUntil: "load" }),
    /** The browser reports violations of the policy in the console. */
    expectClean: () => {
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.startsWith(`${issuer}/`))).toEqual([]);
    },
  };
}

const scrollWidth = (page: Page) => page.evaluate("document.documentElement.scrollWidth");

describe.skipIf(!hasBrowser)("the portal", () => {
  it.each(cases)(
    "at $width, $scheme: no sideways scrolling, accessible, nothing from elsewhere",
    async ({ width, scheme }) => {
      const { page, goto, expectClean } = await open({ viewport: { width, height: 900 }, colorScheme: scheme });
      for (const path of pages) {
        await goto(path);
        await picture(page, `portal${path.replaceAll("/", "-")}-${width}-${scheme}`);
        expect([path, await scrollWidth(page)]).toEqual([path, width]);
        // The layouts differ by width, the colors by theme; 768 has those of both others.
        if (checked.has(path) && isChecked(width, scheme)) await expectAccessible(page.mainFrame());
      }
      expectClean();
    },
  );

  it("is complete without script, and marks where one is", async () => {
    const { page, goto } = await open({ javaScriptEnabled: false, viewport: { width: 1280, height: 900 } });
    await goto("/guides/mcp-server");
    expect(await page.locator("nav[aria-label=Documentation] a[aria-current=page]").innerText()).toBe(
      "Protect an MCP server",
    );
    expect(await page.locator("nav[aria-label='On this page'] a").first().isVisible()).toBe(true);
    expect(await page.locator("#search, #theme").filter({ visible: true }).count()).toBe(0);
    await page.setViewportSize({ width: 320, height: 800 });
    const entry = page.locator("nav[aria-label=Documentation] a", { hasText: "Register an agent" });
    expect(await entry.isVisible()).toBe(false);
    await page.locator("summary", { hasText: "All pages" }).click();
    await entry.click();
    expect(await page.locator("h1").innerText()).toBe("Register an agent");
  });

  it("finds headings by keyboard, and loads the index only when the field has the focus", async () => {
    const { page, goto, requests, expectClean } = await open();
    await goto("/quick-start");
    const indexes = () => requests.filter((url) => url.includes("/assets/search-"));
    expect(indexes()).toEqual([]);
    await page.keyboard.press("/");
    await page.keyboard.type("revoked guarantees");
    const result = page.locator(".results a").first();
    await result.waitFor();
    expect(await result.innerText()).toMatch(/^What “?"?revoked/);
    expect(indexes()).toHaveLength(1);
    await expectAccessible(page.mainFrame());
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/concepts#what-revoked-guarantees");
    await goto("/quick-start");
    await page.keyboard.press("/");
    await page.keyboard.type("zzzz");
    await page.locator(".results", { hasText: "No heading has these words." }).waitFor();
    await page.keyboard.press("Escape");
    expect(await page.locator(".results").isVisible()).toBe(false);
    expectClean();
  });

  it("keeps a chosen theme, and nothing else", async () => {
    const { page, goto, expectClean } = await open({ colorScheme: "light" });
    const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    await goto("/");
    expect(await ground()).toBe("rgb(255, 255, 255)");
    await page.locator("#theme").click();
    expect(await ground()).toBe("rgb(20, 24, 31)");
    await goto("/concepts");
    expect(await ground()).toBe("rgb(20, 24, 31)");
    expect(await page.evaluate("JSON.stringify([{ ...localStorage }, sessionStorage.length, document.cookie])")).toBe(
      '[{"theme":"dark"},0,""]',
    );
    await page.locator("#theme").click();
    expect(await page.evaluate("localStorage.length")).toBe(0);
    expectClean();
  });

  it("copies a block, but no output", async () => {
    const { page, goto } = await open({ permissions: ["clipboard-read", "clipboard-write"] });
    await goto("/guides/mcp-server");
    await page.locator(".code", { hasText: ". docs/shell.sh" }).first().hover();
    await page.locator(".code", { hasText: ". docs/shell.sh" }).first().locator(".copy").click();
    await page.locator(".copy", { hasText: "Copied" }).waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(". docs/shell.sh\n");
    expect(await page.locator(".out .copy").count()).toBe(0);
  });

  it("shows an error at its anchor, and the focus of the skip link", async () => {
    const { page, goto } = await open();
    await goto("/errors#AGENT_NOT_FOUND");
    const top = await page.locator("h2:target").evaluate((heading) => heading.getBoundingClientRect().top);
    expect(top).toBeGreaterThanOrEqual(0);
    expect(top).toBeLessThan(100);
    await goto("/");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
  });
});
