/** How the embeds look and move, in a real browser. */
import { describe, expect, it } from "vitest";
import { expectAccessible, hasBrowser, layoutShifts, newTab, picture } from "../support/browser.ts";
import { control, items, lead, newStage, summary } from "./_stage.ts";

const stage = newStage();

describe.skipIf(!hasBrowser)("what visitors see", () => {
  const widths = [320, 768, 1280];
  const schemes = ["light", "dark"] as const;
  const cases = widths.flatMap((width) => schemes.map((scheme) => ({ width, scheme })));

  it.each(cases)("the iframe's page at $width, $scheme", async ({ width, scheme }) => {
    const { page, complaints } = await newTab(stage.browser, { viewport: { width, height: 900 }, colorScheme: scheme });
    await page.goto(`${stage.worker.issuer}/embed/controls`, { waitUntil: "networkidle" });
    await picture(page, `page-${width}-${scheme}`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    await expectAccessible(page.mainFrame());
    expect(await layoutShifts(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it.each(cases)("the element on a foreign page at $width, $scheme", async ({ width, scheme }) => {
    const { page, complaints } = await newTab(stage.browser, { viewport: { width, height: 900 }, colorScheme: scheme });
    const names = ["pass", "fail", "unknown"].map((status, index) => control({ status, id: `CC6.${index}` }));
    const src = stage.standIn({ controls: names });
    await page.goto(
      stage.statusPage(
        `<sentryagent-controls></sentryagent-controls><sentryagent-controls src="${src}"></sentryagent-controls>`,
      ),
      { waitUntil: "networkidle" },
    );
    await picture(page, `element-${width}-${scheme}`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    await expectAccessible(page.mainFrame());
    expect(complaints).toEqual([]);
  });

  it.each([...widths, 1024])("nothing moves at %d when the answer comes", async (width) => {
    const { page } = await newTab(stage.browser, { viewport: { width, height: 900 } });
    const { promise: seen, resolve: answer } = Promise.withResolvers<void>();
    await page.route("**/api/v1/compliance/controls", async (route) => {
      await seen;
      await route.continue();
    });
    await page.goto(stage.statusPage("<sentryagent-controls></sentryagent-controls><p>What follows</p>"));
    await page.locator(summary, { hasText: "Asking the service" }).waitFor();
    const before = await layoutShifts(page);
    answer();
    await page.locator(summary, { hasText: "controls pass" }).waitFor();
    expect(await layoutShifts(page)).toEqual(before);
  });

  it("a status is a word and a shape, not a color alone", async () => {
    const { page } = await newTab(stage.browser);
    const src = stage.standIn({ controls: ["pass", "fail", "unknown"].map((status) => control({ status })) });
    await page.goto(stage.statusPage(`<sentryagent-controls src="${src}"></sentryagent-controls>`), {
      waitUntil: "networkidle",
    });
    expect(await page.locator(`${items} .word`).allInnerTexts()).toEqual(["Passing", "Failing", "Unknown"]);
    const marks = "document.querySelector('sentryagent-controls').shadowRoot.querySelectorAll('li .mark')";
    const shapes = await page.evaluate<string[]>(`[...${marks}].map((mark) => mark.getAttribute("d"))`);
    expect(new Set(shapes).size).toBe(3);
    expect(await page.locator(summary).innerText()).toBe("1 of 3 controls fails");
    expect(await page.locator(lead).innerText()).toBe("Failing: Logical Access Controls");
    await page.emulateMedia({ forcedColors: "active" });
    await expectAccessible(page.mainFrame());
  });

  it("is told to be light or dark whatever the system prefers", async () => {
    const { page } = await newTab(stage.browser, { colorScheme: "light" });
    const ground =
      "getComputedStyle(document.querySelector('sentryagent-controls').shadowRoot.querySelector('.controls')).backgroundColor";
    await page.goto(stage.statusPage('<sentryagent-controls theme="dark"></sentryagent-controls>'), {
      waitUntil: "networkidle",
    });
    expect(await page.evaluate(ground)).toBe("rgb(20, 24, 31)");
    await page.goto(`${stage.worker.issuer}/embed/controls?theme=dark`);
    expect(await page.evaluate(ground)).toBe("rgb(20, 24, 31)");
    await page.goto(`${stage.worker.issuer}/embed/controls?theme=%22%3E%3Cscript%3E`);
    expect(await page.evaluate(ground)).toBe("rgb(255, 255, 255)");
  });

  it("an absolute time stands behind the relative one", async () => {
    const { page } = await newTab(stage.browser);
    const lastChecked = new Date(Date.now() - 130_000).toISOString();
    const src = stage.standIn({ controls: [control({ lastChecked }), control({ lastChecked: "yesterday" })] });
    await page.goto(stage.statusPage(`<sentryagent-controls src="${src}" heading="3"></sentryagent-controls>`), {
      waitUntil: "networkidle",
    });
    const time = page.locator(`${items} time`);
    expect(await time.allInnerTexts()).toEqual(["checked 2 minutes ago"]);
    expect(await time.getAttribute("datetime")).toBe(lastChecked);
    expect(await time.getAttribute("title")).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    expect(await page.locator(`${items} .when`).last().innerText()).toBe("CC6.1 · not checked yet");
    expect(await page.locator("sentryagent-controls h3").innerText()).toBe("Security controls");
  });
});
