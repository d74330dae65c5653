/** The controls on other people's pages, in a real browser. */
import { createHash } from "node:crypto";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  expectAccessible,
  hasBrowser,
  layoutShifts,
  newSite,
  newTab,
  picture,
  type Site,
  startBrowser,
} from "../support/browser.ts";
import { setUp } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";

let worker: WorkerProcess;
let browser: Browser;
let site: Site;

/** Nothing but what the embeds need, and Trusted Types, so that any use of markup would throw. */
const strictPolicy = () =>
  [
    "default-src 'none'",
    `script-src ${worker.issuer}`,
    `connect-src ${worker.issuer} ${site.origin}`,
    `frame-src ${worker.issuer}`,
    `img-src ${worker.issuer} data:`,
    `style-src 'sha256-${createHash("sha256").update(roomStyle).digest("base64")}'`,
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

/** Room for the element, as the guide recommends it. */
const roomStyle = `
sentryagent-controls { display: block; min-height: 130rem }
@media (min-width: 45rem) { sentryagent-controls { min-height: 82rem } }
@media (min-width: 64rem) { sentryagent-controls { min-height: 54rem } }
`;

/** A status page of somebody else, with the strictest policy under which the embeds can work at all. */
function statusPage(body: string): string {
  site.answers.set("/status", {
    headers: { "Content-Security-Policy": strictPolicy() },
    body: `<!doctype html><html lang="en"><head><meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1"><title>Status</title>
      <link rel="icon" href="data:,"><style>${roomStyle}</style>
      <script src="${worker.issuer}/embed/controls.js" defer></script></head>
      <body><main><h1>Status of a company</h1>${body}</main></body></html>`,
  });
  return `${site.origin}/status`;
}

/** Answers as the service would, from the site, with whatever controls. */
function standIn(answer: unknown, status = 200): string {
  const headers = { "Content-Type": "application/json", "Access-Control-Allow-Origin": "*" };
  site.answers.set("/controls.json", {
    status,
    headers,
    body: typeof answer === "string" ? answer : JSON.stringify(answer),
  });
  return `${site.origin}/controls.json`;
}

const control = (fields: Record<string, unknown> = {}) => ({
  id: "CC6.1",
  name: "Logical Access Controls",
  status: "pass",
  lastChecked: new Date().toISOString(),
  evidence: "12 calls without valid access refused",
  ...fields,
});

const summary = "sentryagent-controls .summary";
const items = "sentryagent-controls li";

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

describe.skipIf(!hasBrowser)("on a foreign page with a strict policy", () => {
  const embeds =
    () => `<sentryagent-controls>The security controls of our identity provider are unknown.</sentryagent-controls>
    <iframe src="${worker.issuer}/embed/controls" title="Security controls" width="400" height="600"></iframe>
    <img src="${worker.issuer}/embed/controls.svg" alt="Security controls">`;

  it("the element, the iframe and the badge show what the service measured", async () => {
    const { page, complaints } = await newTab(browser);
    await page.goto(statusPage(embeds()), { waitUntil: "networkidle" });
    expect(await page.locator(summary).innerText()).toBe("8 of 9 controls pass, 1 unknown");
    expect(await page.locator(items).count()).toBe(9);
    const first = page.locator(items).first();
    expect((await first.innerText()).split("\n").filter((line) => line.trim() !== "")).toEqual([
      "Logical Access Controls",
      "Passing",
      "CC6.1 · checked just now",
      "Whoever calls without valid access, or with somebody else's, is turned away.",
      "12 calls without valid access refused; nothing of others seen",
    ]);
    const frame = page.frames()[1];
    expect(await frame?.locator(summary).innerText()).toBe("8 of 9 controls pass, 1 unknown");
    expect(await page.evaluate("document.querySelector('img').naturalWidth")).toBeGreaterThan(100);
    expect(complaints).toEqual([]);
  });

  it("no cookie is set or sent, and no referrer", async () => {
    const { page } = await newTab(browser);
    const src = standIn({ controls: [control()] });
    await page.context().addCookies([{ name: "session", value: "secret", url: site.origin }]);
    await page.goto(statusPage(`<sentryagent-controls src="${src}"></sentryagent-controls>${embeds()}`), {
      waitUntil: "networkidle",
    });
    const asked = site.requests.find(({ line }) => line === "GET /controls.json");
    expect([asked?.headers.cookie, asked?.headers.referer]).toEqual([undefined, undefined]);
    const cookies = await page.context().cookies();
    expect(cookies.map(({ name }) => name)).toEqual(["session"]);
  });

  it("the page around it reaches nothing in it, and it nothing there", async () => {
    const { page } = await newTab(browser);
    await page.goto(statusPage(`<p id="heading">Mine</p>${embeds()}`), { waitUntil: "networkidle" });
    expect(await page.evaluate("getComputedStyle(document.querySelector('p')).fontFamily")).not.toContain("system-ui");
    expect(await page.evaluate("document.querySelectorAll('li').length")).toBe(0);
  });

  it("the iframe shows everything without scripts", async () => {
    const { page } = await newTab(browser, { javaScriptEnabled: false });
    await page.goto(`${worker.issuer}/embed/controls`);
    expect(await page.locator(items).count()).toBe(9);
    expect(await page.locator(summary).innerText()).toBe("8 of 9 controls pass, 1 unknown");
  });

  it.each(["/docs", "/health", "/api/v1/compliance/controls", "/embed/controls.svg", "/openapi.json"])(
    "%s cannot be framed",
    async (path) => {
      const { page } = await newTab(browser);
      site.answers.set("/frame", { body: `<iframe src="${worker.issuer}${path}"></iframe>` });
      await page.goto(`${site.origin}/frame`, { waitUntil: "networkidle" });
      expect(page.frames()[1]?.url()).toBe("chrome-error://chromewebdata/");
    },
  );
});

describe.skipIf(!hasBrowser)("what visitors see", () => {
  const widths = [320, 1024];
  const schemes = ["light", "dark"] as const;
  const cases = widths.flatMap((width) => schemes.map((scheme) => ({ width, scheme })));

  it.each(cases)("the iframe's page at $width, $scheme", async ({ width, scheme }) => {
    const { page, complaints } = await newTab(browser, { viewport: { width, height: 900 }, colorScheme: scheme });
    await page.goto(`${worker.issuer}/embed/controls`, { waitUntil: "networkidle" });
    await picture(page, `page-${width}-${scheme}`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    await expectAccessible(page.mainFrame());
    expect(await layoutShifts(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it.each(cases)("the element on a foreign page at $width, $scheme", async ({ width, scheme }) => {
    const { page, complaints } = await newTab(browser, { viewport: { width, height: 900 }, colorScheme: scheme });
    const names = ["pass", "fail", "unknown"].map((status, index) => control({ status, id: `CC6.${index}` }));
    const src = standIn({ controls: names });
    await page.goto(
      statusPage(
        `<sentryagent-controls></sentryagent-controls><sentryagent-controls src="${src}"></sentryagent-controls>`,
      ),
      { waitUntil: "networkidle" },
    );
    await picture(page, `element-${width}-${scheme}`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    await expectAccessible(page.mainFrame());
    expect(complaints).toEqual([]);
  });

  it.each([...widths, 720])("nothing moves at %d when the answer comes", async (width) => {
    const { page } = await newTab(browser, { viewport: { width, height: 900 } });
    await page.route("**/api/v1/compliance/controls", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 700));
      await route.continue();
    });
    await page.goto(statusPage("<sentryagent-controls></sentryagent-controls><p>What follows</p>"));
    await page.locator(summary, { hasText: "Asking the service" }).waitFor();
    await page.locator(summary, { hasText: "controls pass" }).waitFor();
    expect(await layoutShifts(page)).toEqual([]);
  });

  it("a status is a word and a shape, not a color alone", async () => {
    const { page } = await newTab(browser);
    const src = standIn({ controls: ["pass", "fail", "unknown"].map((status) => control({ status })) });
    await page.goto(statusPage(`<sentryagent-controls src="${src}"></sentryagent-controls>`), {
      waitUntil: "networkidle",
    });
    expect(await page.locator(`${items} .word`).allInnerTexts()).toEqual(["Passing", "Failing", "Unknown"]);
    const marks = "document.querySelector('sentryagent-controls').shadowRoot.querySelectorAll('li .mark')";
    const shapes = await page.evaluate<string[]>(`[...${marks}].map((mark) => mark.getAttribute("d"))`);
    expect(new Set(shapes).size).toBe(3);
    expect(await page.locator(summary).innerText()).toBe("1 of 3 controls fails");
    await page.emulateMedia({ forcedColors: "active" });
    await expectAccessible(page.mainFrame());
  });

  it("is told to be light or dark whatever the system prefers", async () => {
    const { page } = await newTab(browser, { colorScheme: "light" });
    const ground =
      "getComputedStyle(document.querySelector('sentryagent-controls').shadowRoot.querySelector('.controls')).backgroundColor";
    await page.goto(statusPage('<sentryagent-controls theme="dark"></sentryagent-controls>'), {
      waitUntil: "networkidle",
    });
    expect(await page.evaluate(ground)).toBe("rgb(20, 24, 31)");
    await page.goto(`${worker.issuer}/embed/controls?theme=dark`);
    expect(await page.evaluate(ground)).toBe("rgb(20, 24, 31)");
    await page.goto(`${worker.issuer}/embed/controls?theme=%22%3E%3Cscript%3E`);
    expect(await page.evaluate(ground)).toBe("rgb(255, 255, 255)");
  });

  it("an absolute time stands behind the relative one", async () => {
    const { page } = await newTab(browser);
    const lastChecked = new Date(Date.now() - 130_000).toISOString();
    const src = standIn({ controls: [control({ lastChecked }), control({ lastChecked: "yesterday" })] });
    await page.goto(statusPage(`<sentryagent-controls src="${src}" heading="3"></sentryagent-controls>`), {
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

describe.skipIf(!hasBrowser)("while the service is down", () => {
  const silence = "Unknown: the service does not answer";

  it.each<[string, () => string]>([
    ["nobody listens", () => "http://127.0.0.1:1/controls.json"],
    ["it answers with an error", () => standIn({ code: "SERVICE_UNAVAILABLE", message: "…" }, 503)],
    ["it answers with something else", () => standIn("<!doctype html>Sorry")],
    ["it answers with nothing", () => standIn({ controls: [] })],
  ])("every control is unknown: %s", async (_, source) => {
    const { page } = await newTab(browser);
    await page.goto(statusPage(`<sentryagent-controls src="${source()}"></sentryagent-controls>`));
    await page.locator(summary, { hasText: silence }).waitFor();
    expect(await page.locator(`${items} .word`).allInnerTexts()).toEqual(Array(9).fill("Unknown"));
    expect(await page.locator(`${items} .name`).first().innerText()).toBe("Logical Access Controls");
    await picture(page, "down");
    await expectAccessible(page.mainFrame());
  });

  it("says so when it goes down, and shows what is when it is back", async () => {
    const { page } = await newTab(browser);
    await page.clock.install();
    const src = standIn({ controls: [control()] });
    await page.goto(statusPage(`<sentryagent-controls src="${src}"></sentryagent-controls>`));
    await page.locator(summary, { hasText: "All 1 controls pass" }).waitFor();
    standIn({}, 503);
    await page.clock.fastForward(80_000);
    await page.locator(summary, { hasText: silence }).waitFor();
    standIn({ controls: [control({ status: "fail" })] });
    await page.clock.fastForward(31_000);
    await page.locator(summary, { hasText: "1 of 1 controls fails" }).waitFor();
  });

  it("asks once a minute at most, and less and less often while nobody answers", async () => {
    const { page } = await newTab(browser);
    await page.clock.install();
    const asked = () => site.requests.filter(({ line }) => line === "GET /controls.json").length;
    const src = standIn({ controls: [control()] });
    await page.goto(statusPage(`<sentryagent-controls src="${src}"></sentryagent-controls>`));
    await page.locator(summary, { hasText: "pass" }).waitFor();
    await page.clock.fastForward(59_000);
    expect(asked()).toBe(1);
    standIn({}, 503);
    for (let minutes = 0; minutes < 30; minutes++) {
      await page.clock.fastForward(60_000);
      await page.waitForTimeout(30);
    }
    expect(asked()).toBeGreaterThan(3);
    expect(asked()).toBeLessThan(12);
  });

  it("what stands inside the element is shown while its script does not come", async () => {
    const { page } = await newTab(browser);
    site.answers.set("/no-script", {
      body: `<script src="http://127.0.0.1:1/embed/controls.js" defer></script>
        <sentryagent-controls>The security controls of our identity provider are unknown.</sentryagent-controls>`,
    });
    await page.goto(`${site.origin}/no-script`);
    expect(await page.locator("sentryagent-controls").innerText()).toBe(
      "The security controls of our identity provider are unknown.",
    );
  });
});

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
    const { page, complaints } = await newTab(browser, { viewport: { width: 320, height: 900 } });
    const src = standIn(
      `{"__proto__":{"x":1},"controls":${JSON.stringify([...hostile, ...Array(200).fill(control())])}}`,
    );
    await page.goto(statusPage(`<sentryagent-controls src="${src}"></sentryagent-controls>`), {
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
        "INSERT INTO control_results VALUES ('CC6.1', 'fail', ?, ?, NULL)",
        `</template>${markup}`,
        Date.now(),
      );
      const { page, complaints } = await newTab(browser);
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
