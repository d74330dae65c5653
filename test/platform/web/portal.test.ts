/** The pages of the portal, over HTTP. How they look is in `test/browser/portal.node.test.ts`. */
import { describe, expect, it, vi } from "vitest";
import { type Answer, call, issuer } from "../../support/api.ts";
import { requestWith } from "../../support/with-bindings.ts";

const html = "text/html; charset=utf-8";
const markdown = "text/markdown; charset=utf-8";

const decoded = (text: string) =>
  text.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

const hrefsOf = (text: string) => [...text.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href = ""]) => decoded(href));
const idsOf = (text: string) => new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
const pagesOf = async () =>
  [...(await call("/sitemap.xml")).text.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, address = ""]) =>
    address.replace(issuer, ""),
  );

/** Every page that can be reached from the first one, and every other address of the service that a page links to. */
async function crawl() {
  const answers = new Map<string, Answer>();
  const links: { readonly from: string; readonly href: string }[] = [];
  const queue = ["/"];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (answers.has(path)) continue;
    const answer = await call(path);
    answers.set(path, answer);
    if (answer.headers.get("Content-Type") !== html || path.startsWith("/embed/")) continue;
    for (const href of hrefsOf(answer.text)) {
      if (/^(https?|mailto):/.test(href)) continue;
      links.push({ from: path, href });
      const [target = ""] = href.split("#");
      if (target !== "") queue.push(target);
    }
  }
  return { answers, links };
}

const { answers, links } = await crawl();
const portal = [...answers].filter(([, { text }]) => text.includes('rel="canonical"'));

describe("links", () => {
  it("lead from the first page to every page, and none is dead", () => {
    expect([...answers].flatMap(([path, { status }]) => (status === 200 ? [] : [`${status} ${path}`]))).toEqual([]);
    expect(portal.map(([path]) => path)).toEqual(
      expect.arrayContaining([
        "/quick-start",
        "/concepts",
        "/guides/mcp-server",
        "/sdks/typescript",
        "/pricing",
        "/status",
        "/errors",
      ]),
    );
  });

  it("lead to headings that are there", () => {
    const missing = links.filter(({ from, href }) => {
      const [target = "", id] = href.split("#");
      const page = answers.get(target === "" ? from : target);
      return id !== undefined && page?.headers.get("Content-Type") === html && !idsOf(page.text).has(id);
    });
    expect(links.length).toBeGreaterThan(500);
    expect(missing).toEqual([]);
  });

  it("of the pages as Markdown lead to pages as Markdown", async () => {
    for (const path of await pagesOf()) {
      if (path === "/docs") continue;
      const answer = await call(path === "/" ? "/index.md" : `${path}.md`);
      expect([path, answer.status, answer.headers.get("Content-Type")]).toEqual([path, 200, markdown]);
      expect(answer.text, path).toMatch(/^# /);
      const prose = answer.text.replace(/^ *```[\s\S]*?^ *```/gm, "");
      for (const [, target = ""] of prose.matchAll(/\]\((?!https?:|mailto:)([^)#\s]+)[^)]*\)/g)) {
        expect(target, path).toMatch(/^\//);
        if (!answers.has(target)) answers.set(target, await call(target));
        expect([path, target, answers.get(target)?.status]).toEqual([path, target, 200]);
      }
    }
  });
});

describe("every page", () => {
  it("is in the map, and the map has no other", async () => {
    expect((await pagesOf()).sort()).toEqual([...portal.map(([path]) => path), "/docs"].sort());
  });

  it("has a title, a description, its whole address, one h1, the strict policy and a request id, and no inline script or style", () => {
    for (const [path, { text, headers }] of portal) {
      expect(text, path).toMatch(/<title>[^<]{5,}<\/title>/);
      expect(text, path).toMatch(/<meta name="description" content="[^"]{20,}">/);
      expect(text, path).toContain(`<link rel="canonical" href="${issuer}${path}">`);
      expect(text.match(/<h1[ >]/g), path).toHaveLength(1);
      expect(text, path).not.toMatch(/<script(?! src="\/assets\/)|<style|\sstyle=|\son\w+=|data-fill|\{\{\w+\}\}/);
      expect(headers.get("Content-Security-Policy"), path).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self';.*require-trusted-types-for 'script'$/,
      );
      expect(headers.get("X-Request-Id"), path).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get("X-Content-Type-Options"), path).toBe("nosniff");
    }
    const titles = portal.map(([, { text }]) => /<title>(.*?)<\/title>/.exec(text)?.[1]);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it("has the same places in its head as an error has, with both API references", async () => {
    const headOf = (text: string) => hrefsOf(/<header[\s\S]*?<\/header>/.exec(text)?.[0] ?? "");
    const error = await call("/authorize", { headers: { Accept: "text/html" } });
    expect(headOf(error.text)).toEqual(expect.arrayContaining(["/docs", "/reference", "/console"]));
    for (const [path, { text }] of portal) expect(headOf(text), path).toEqual(headOf(error.text));
  });

  it("is sent once: its entity tag changes with the settings that it shows", async () => {
    const tag = (await call("/")).headers.get("ETag") ?? "";
    const again = await call("/", { headers: { "If-None-Match": tag } });
    expect([again.status, again.text]).toEqual([304, ""]);
    const other = await requestWith({ OPERATOR_NAME: "Acme" }, "/", { headers: { "If-None-Match": tag } });
    expect([other.status, other.headers.get("ETag") === tag]).toEqual([200, false]);
  });
});

describe("GET /", () => {
  it("shows the issuer in the commands", async () => {
    const text = decoded((await requestWith({ ISSUER: "https://idp.example.com" }, "/")).text.replace(/<[^>]+>/g, ""));
    expect(text).toContain("export AGENTIDP_API_URL=https://idp.example.com ");
  });

  it("counts the operations and the errors of the document", async () => {
    const { paths, components } = (await call("/openapi.json")).body;
    const operations = Object.values<object>(paths).flatMap((item) => Object.keys(item));
    const text = (await call("/")).text.replace(/<[^>]+>/g, " ");
    expect(text).toContain(`${operations.length} operations`);
    expect(text).toContain(`${components.schemas.ProblemCode.enum.length} errors`);
  });
});

/** The cells of the first table that has a heading, row by row. */
const cellsOf = (text: string) =>
  [...text.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = ""]) =>
    [...row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gs)].map(([, cell = ""]) =>
      decoded(cell.replace(/<[^>]+>/g, " ").trim()),
    ),
  );

describe("GET /pricing", () => {
  const names = {
    maxAgents: "Agents",
    maxCallsPerDay: "Calls a day",
    maxTokensPerDay: "Tokens a day",
    requestsPerMinute: "Requests a minute",
    burst: "Requests at once",
    auditRetentionDays: "Days of audit log",
  } as const;

  it("has the numbers of /api/v1/tiers, for a minute", async () => {
    const page = await call("/pricing");
    expect(page.headers.get("Cache-Control")).toBe("public, max-age=60");
    const tiers: Record<string, number | null | string>[] = (await call("/api/v1/tiers")).body.tiers;
    // Every field of a tier has a row.
    expect(Object.keys(tiers[0]!).sort()).toEqual(["tier", ...Object.keys(names)].sort());
    const shown = (value: number | string | null | undefined) =>
      value === null ? "unlimited" : String(value).replace(/\B(?=(\d{3})+$)/g, ",");
    const rows = Object.entries(names).map(([field, name]) => [name, ...tiers.map((tier) => shown(tier[field]))]);
    expect(cellsOf(page.text)).toEqual([["limit", ...tiers.map(({ tier }) => tier)], ...rows]);
    const lines = (await call("/pricing.md")).text.split("\n").filter((line) => line.startsWith("| "));
    expect(
      lines.map((line) => line.slice(2, -2).split(" | ")).filter(([, first]) => !first?.startsWith("---")),
    ).toEqual(cellsOf(page.text));
  });
});

describe("GET /status", () => {
  it("has the controls of the API, in their order, for a minute", async () => {
    const page = await call("/status");
    expect(page.headers.get("Cache-Control")).toBe("public, max-age=60");
    const { controls } = (await call("/api/v1/compliance/controls")).body;
    const rows = cellsOf(page.text).slice(1);
    expect(
      rows.map(([control, state, evidence]) => [control?.slice(0, control.indexOf(" ")), state, evidence]),
    ).toEqual(controls.map((control: Record<string, string>) => [control.id, control.status, control.evidence]));
    expect(page.text).toContain(
      `<strong>0 of ${controls.length} controls pass, ${controls.length} are unknown.</strong>`,
    );
    expect((await call("/status.md")).text).toContain(`| ${controls[0].id} ${controls[0].name} |`);
  });
});

describe("GET /errors", () => {
  it("has an anchor, the status, the meaning and the remedy of each code, also with broken settings", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const { text, status } = await requestWith({ TOKEN_TTL_SECONDS: "0" }, "/errors");
    vi.restoreAllMocks();
    expect(status).toBe(200);
    const codes: string[] = (await call("/openapi.json")).body.components.schemas.ProblemCode.enum;
    expect([...text.matchAll(/<h2 id="([A-Z_]+)">/g)].map(([, id]) => id)).toEqual(codes);
    const [, section = ""] = /<h2 id="SLUG_TAKEN">(.*?)<h2/s.exec(text) ?? [];
    expect(section).toContain("Status 409. Another organization has this slug.");
    expect(section).toContain("Choose another slug.");
  });
});
