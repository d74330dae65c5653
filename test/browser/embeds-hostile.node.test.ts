/** Embeds whose answers are written by somebody hostile, in a real browser. */
import { describe, expect, it } from "vitest";
import { hasBrowser, newTab, picture } from "../support/browser.ts";
import { newWorkerProcess } from "../support/worker-process.ts";
import { control, items, newStage } from "./_stage.ts";

const stage = newStage();

describe.skipIf(!hasBrowser)("hostile text stays text", () => {
  const markup = `<img src=x onerror="alert(1)"></li></ul><script>alert(2)</script><style>*{display:none}</style>`;
  const hostile = [
    control({ name: markup, evidence: markup, id: markup, lastChecked: markup, status: markup }),
    control({ name: "\u202egnp.exe \u2066\u0000\u0007", evidence: "W".repeat(100_000) }),
    control({ name: "{{constructor.constructor('alert(3)')()}}", evidence: "javascript:alert(4)" }),
    control({ name: { toString: "x" }, evidence: ["x"] }),
    control({ name: "Z̸̡͓̗̮͇̦͗̈́̓͌a".repeat(30) }),
    null,
    7,
    "text",
  ];

  it("in the element", async () => {
    const { page, complaints } = await newTab(stage.browser, { viewport: { width: 320, height: 900 } });
    const src = stage.standIn(
      `{"__proto__":{"x":1},"controls":${JSON.stringify([...hostile, ...Array(200).fill(control())])}}`,
    );
    await page.goto(stage.statusPage(`<sentryagent-controls src="${src}"></sentryagent-controls>`), {
      waitUntil: "networkidle",
    });
    expect(await page.locator(`${items} .name`).first().textContent()).toBe(markup);
    expect(await page.locator(`${items} .evidence`).first().textContent()).toBe(markup);
    expect(await page.locator(`${items} .word`).first().innerText()).toBe("Unknown");
    expect(await page.locator("sentryagent-controls").locator("img, script, style, a").count()).toBe(0);
    expect(await page.locator(items).count()).toBeLessThanOrEqual(50);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
    await picture(page, "hostile");
    expect(complaints).toEqual([]);
  });

  it("in the iframe's page and in the badge", async () => {
    const other = await newWorkerProcess();
    try {
      await other.start();
      await other.query(
        "INSERT INTO control_results (id, status, evidence, checked_at) VALUES ('CC6.1', 'fail', ?, ?)",
        `</template>${markup}`,
        Date.now(),
      );
      const { page, complaints } = await newTab(stage.browser);
      await page.goto(`${other.issuer}/embed/controls`, { waitUntil: "networkidle" });
      expect(await page.locator(`${items} .evidence`).first().textContent()).toBe(`</template>${markup}`);
      expect(await page.locator("img").count()).toBe(0);
      expect(complaints).toEqual([]);
      await page.goto(`${other.issuer}/embed/controls.svg`);
      expect(await page.locator("svg title").textContent()).toBe("controls: 1/9 failing");
    } finally {
      await other.stop();
    }
  });
});
