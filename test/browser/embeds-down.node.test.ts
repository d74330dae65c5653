/** What the embeds say while the service is down, in a real browser. */
import { describe, expect, it } from "vitest";
import { expectAccessible, hasBrowser, newTab, picture } from "../support/browser.ts";
import { control, items, lead, newStage, summary } from "./_stage.ts";

const stage = newStage();

describe.skipIf(!hasBrowser)("while the service is down", () => {
  const silence = "The service does not answer";

  it.each<[string, () => string]>([
    ["nobody listens", () => "http://127.0.0.1:1/controls.json"],
    ["it answers with an error", () => stage.standIn({ code: "SERVICE_UNAVAILABLE", message: "…" }, 503)],
    ["it answers with something else", () => stage.standIn("<!doctype html>Sorry")],
    ["it answers with nothing", () => stage.standIn({ controls: [] })],
  ])("every control is unknown: %s", async (_, source) => {
    const { page } = await newTab(stage.browser);
    await page.goto(stage.statusPage(`<sentryagent-controls src="${source()}"></sentryagent-controls>`));
    await page.locator(lead, { hasText: silence }).waitFor();
    expect(await page.locator(`${items} .word`).allInnerTexts()).toEqual(Array(9).fill("Unknown"));
    expect(await page.locator(`${items} .name`).first().innerText()).toBe("Logical Access Controls");
    await picture(page, "down");
    await expectAccessible(page.mainFrame());
  });

  it("says so when it goes down, and shows what is when it is back", async () => {
    const { page } = await newTab(stage.browser);
    await page.clock.install();
    const src = stage.standIn({ controls: [control()] });
    await page.goto(stage.statusPage(`<sentryagent-controls src="${src}"></sentryagent-controls>`));
    await page.locator(summary, { hasText: "All 1 controls pass" }).waitFor();
    stage.standIn({}, 503);
    await page.clock.fastForward(80_000);
    await page.locator(lead, { hasText: silence }).waitFor();
    stage.standIn({ controls: [control({ status: "fail" })] });
    await page.clock.fastForward(31_000);
    await page.locator(summary, { hasText: "1 of 1 controls fails" }).waitFor();
  });

  it("asks once a minute at most, and less and less often while nobody answers", async () => {
    const { page } = await newTab(stage.browser);
    await page.clock.install();
    const asked = () => stage.site.requests.filter(({ line }) => line === "GET /controls.json").length;
    const src = stage.standIn({ controls: [control()] });
    await page.goto(stage.statusPage(`<sentryagent-controls src="${src}"></sentryagent-controls>`));
    await page.locator(summary, { hasText: "pass" }).waitFor();
    await page.clock.fastForward(59_000);
    expect(asked()).toBe(1);
    stage.standIn({}, 503);
    for (let minutes = 0; minutes < 30; minutes++) {
      await page.clock.fastForward(60_000);
      await page.waitForTimeout(30);
    }
    expect(asked()).toBeGreaterThan(3);
    expect(asked()).toBeLessThan(12);
  });

  it("what stands inside the element is shown while its script does not come", async () => {
    const { page } = await newTab(stage.browser);
    stage.site.answers.set("/no-script", {
      body: `<script src="http://127.0.0.1:1/embed/controls.js" defer></script>
        <sentryagent-controls>The security controls of our identity provider are unknown.</sentryagent-controls>`,
    });
    await page.goto(`${stage.site.origin}/no-script`);
    expect(await page.locator("sentryagent-controls").innerText()).toBe(
      "The security controls of our identity provider are unknown.",
    );
  });
});
