/** The embeds on the page of somebody else, in a real browser. */
import { describe, expect, it } from "vitest";
import { hasBrowser, newTab } from "../support/browser.ts";
import { control, items, lead, newStage, summary } from "./_stage.ts";

const stage = newStage();

describe.skipIf(!hasBrowser)("on a foreign page with a strict policy", () => {
  const embeds =
    () => `<sentryagent-controls>The security controls of our identity provider are unknown.</sentryagent-controls>
    <iframe src="${stage.worker.issuer}/embed/controls" title="Security controls" width="400" height="600"></iframe>
    <img src="${stage.worker.issuer}/embed/controls.svg" alt="Security controls">`;

  it("the element, the iframe and the badge show what the service measured", async () => {
    const { page, complaints } = await newTab(stage.browser);
    await page.goto(stage.statusPage(embeds()), { waitUntil: "networkidle" });
    expect(await page.locator(summary).innerText()).toBe("8 of 9 controls pass");
    expect(await page.locator(lead).innerText()).toBe("Unknown: Encryption in Transit");
    expect(await page.locator(items).count()).toBe(9);
    const first = page.locator(items).first();
    expect((await first.innerText()).split("\n").filter((line) => line.trim() !== "")).toEqual([
      "Logical Access Controls",
      "Passing",
      "CC6.1 · checked just now",
      "Calls without valid access, or with the access of another organization, are refused.",
      "12 calls without valid access refused; no foreign data readable",
    ]);
    const frame = page.frames()[1];
    expect(await frame?.locator(summary).innerText()).toBe("8 of 9 controls pass");
    expect(await page.evaluate("document.querySelector('img').naturalWidth")).toBeGreaterThan(100);
    expect(complaints).toEqual([]);
  });

  it("no cookie is set or sent, and no referrer", async () => {
    const { page } = await newTab(stage.browser);
    const src = stage.standIn({ controls: [control()] });
    await page.context().addCookies([{ name: "session", value: "secret", url: stage.site.origin }]);
    await page.goto(stage.statusPage(`<sentryagent-controls src="${src}"></sentryagent-controls>${embeds()}`), {
      waitUntil: "networkidle",
    });
    const asked = stage.site.requests.find(({ line }) => line === "GET /controls.json");
    expect([asked?.headers.cookie, asked?.headers.referer]).toEqual([undefined, undefined]);
    const cookies = await page.context().cookies();
    expect(cookies.map(({ name }) => name)).toEqual(["session"]);
  });

  it("the page around it reaches nothing in it, and it nothing there", async () => {
    const { page } = await newTab(stage.browser);
    await page.goto(stage.statusPage(`<p id="heading">Mine</p>${embeds()}`), { waitUntil: "networkidle" });
    expect(await page.evaluate("getComputedStyle(document.querySelector('p')).fontFamily")).not.toContain("system-ui");
    expect(await page.evaluate("document.querySelectorAll('li').length")).toBe(0);
  });

  it("the iframe shows everything without scripts", async () => {
    const { page } = await newTab(stage.browser, { javaScriptEnabled: false });
    await page.goto(`${stage.worker.issuer}/embed/controls`);
    expect(await page.locator(items).count()).toBe(9);
    expect(await page.locator(summary).innerText()).toBe("8 of 9 controls pass");
  });

  it.each(["/docs", "/health", "/api/v1/compliance/controls", "/embed/controls.svg", "/openapi.json"])(
    "%s cannot be framed",
    async (path) => {
      const { page } = await newTab(stage.browser);
      stage.site.answers.set("/frame", { body: `<iframe src="${stage.worker.issuer}${path}"></iframe>` });
      await page.goto(`${stage.site.origin}/frame`, { waitUntil: "networkidle" });
      await expect.poll(() => page.frames()[1]?.url(), { timeout: 20_000 }).toBe("chrome-error://chromewebdata/");
    },
  );
});
