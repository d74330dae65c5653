/** What the embeds answer with; how they look and behave is in `test/browser`. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import embedGuide from "../../../docs/guides/embed-controls.md?raw";
import { call, theOperator } from "../../support/api.ts";
import { getWith } from "../../support/with-bindings.ts";
import { bindings, runCron, sql } from "./_cron.ts";

beforeAll(async () => {
  await theOperator();
  await runCron();
});

const paths = ["/embed/controls", "/embed/controls.js", "/embed/controls.svg"];

describe("every embed", () => {
  it.each(paths)("%s is there for any origin, may be kept, and sets no cookie", async (path) => {
    const { status, headers } = await call(path, { headers: { Origin: "https://status.example" } });
    expect(status).toBe(200);
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(headers.get("Cross-Origin-Resource-Policy")).toBe("cross-origin");
    expect(headers.get("Cache-Control")).toMatch(/^public, max-age=(60|3600)\b/);
    expect(headers.get("Set-Cookie")).toBeNull();
  });

  it.each(paths)("%s loads nothing from anywhere else", async (path) => {
    const { text } = await call(path);
    const addresses = text.match(/https?:\/\/[^"'`\s)]+/g) ?? [];
    expect(addresses.filter((address) => address !== "http://www.w3.org/2000/svg")).toEqual([]);
    expect(text).not.toMatch(/@import|url\((?!#)|eval\(|innerHTML|document\.cookie|localStorage/);
  });

  it.each(paths)("%s takes no other method", async (path) => {
    const answer = await call(path, { method: "POST" });
    expect([answer.status, answer.body.code]).toEqual([405, "METHOD_NOT_ALLOWED"]);
  });
});

describe("GET /embed/controls", () => {
  it("may be framed by anybody, and runs nothing but its own script", async () => {
    const { headers, text } = await call("/embed/controls");
    expect(headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    const hashes = [...text.matchAll(/<style>(.*?)<\/style>/gs)].map(
      ([, style = ""]) => `'sha256-${createHash("sha256").update(style).digest("base64")}'`,
    );
    expect(hashes).toHaveLength(2);
    expect(headers.get("Content-Security-Policy")).toBe(
      `default-src 'none'; script-src 'self'; style-src ${hashes.join(" ")}; img-src data:; connect-src 'self'; ` +
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; frame-ancestors *",
    );
  });

  it("alone: everything else is still framed by nobody", async () => {
    for (const path of ["/embed/controls.svg", "/embed/controls.js", "/docs", "/health", "/no-such-path"]) {
      const { headers } = await call(path);
      expect(headers.get("Content-Security-Policy"), path).toContain("frame-ancestors 'none'");
    }
  });

  it.each([
    ["light", 'data-theme="light"'],
    ["dark", 'data-theme="dark"'],
  ])("is %s when told so", async (theme, attribute) => {
    expect((await call(`/embed/controls?theme=${theme}`)).text).toContain(attribute);
  });

  it("says nothing of what it was asked", async () => {
    const untimed = async (path: string) => (await call(path)).text.replace(/<time [^>]*>[^<]*<\/time>/g, "");
    const asked = `/embed/controls?theme=${encodeURIComponent('"><script>alert(1)</script>')}`;
    expect(await untimed(asked)).toBe(await untimed("/embed/controls"));
  });
});

describe("the page names whose controls it shows", () => {
  it("the service, its operator and contact, the time, what each check does, and where more is", async () => {
    const operator = { OPERATOR_NAME: "<b>Acme & Söhne", OPERATOR_CONTACT: "mailto:security@acme.example" };
    const { text } = await getWith(operator, "/embed/controls");
    expect(text).toContain("<title>Security controls of localhost:8787</title>");
    expect(text).toContain("The controls of localhost:8787, operated by &#60;b&#62;Acme &#38; Söhne.");
    expect(text).toMatch(/This page is of <time datetime="\d{4}-[^"]+Z">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC<\/time>/);
    expect(text).toContain('<a href="mailto:security@acme.example" target="_blank" rel="noopener">');
    const links = [...text.matchAll(/ href="(\/[^"]*)"/g)].map(([, path = ""]) => path);
    expect(links).toContain("/tools/verify-audit-log.mjs");
    for (const path of links) expect((await call(path)).status, path).toBe(200);
    const guide = [...embedGuide.matchAll(/^\| ((?:CC|A)\d\.\d [^|]+) \| (.*) \|$/gm)];
    expect(guide).toHaveLength(9);
    for (const [, name, definition = ""] of guide) {
      const marked = definition.replace(/'/g, "&#39;").replace(/`([^`]*)`/g, "<code>$1</code>");
      expect(text).toContain(`<dt>${name}</dt><dd>Passes while ${marked}.</dd>`);
    }
  });

  it.each([
    [{ OPERATOR_CONTACT: "security@acme.example" }, "OPERATOR_CONTACT must be an https or mailto URI"],
    [{ OPERATOR_CONTACT: "javascript:alert(1)" }, "OPERATOR_CONTACT must be an https or mailto URI"],
    [{ OPERATOR_NAME: "  " }, "OPERATOR_NAME must not be empty"],
  ])("refuses %j", async (setting, message) => {
    expect((await getWith(setting, "/api/v1/compliance/controls")).body.message).toContain(message);
  });
});

it.each(paths)("%s is there while a setting of the service is broken, and says unknown", async (path) => {
  const { status, text, headers } = await getWith({ TOKEN_TTL_SECONDS: "0" }, path);
  expect(status).toBe(200);
  expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(headers.get("Content-Type")).toBe((await call(path)).headers.get("Content-Type"));
  expect(text).not.toContain("TOKEN_TTL_SECONDS");
  if (path === "/embed/controls") {
    expect(text.match(/class="control unknown"/g)).toHaveLength(9);
    expect(headers.get("Content-Security-Policy")).toContain("frame-ancestors *");
  }
  if (path.endsWith(".svg")) expect(text).toContain("<title>controls: unknown</title>");
});

describe("GET /embed/controls.js", () => {
  it("has at most 8 KiB, compressed", async () => {
    const { text, headers } = await call("/embed/controls.js");
    expect(headers.get("Content-Type")).toBe("text/javascript; charset=utf-8");
    expect(gzipSync(text).byteLength).toBeLessThan(8 * 1024);
  });
});

describe("GET /embed/controls.svg", () => {
  it("is a picture that says how many controls pass", async () => {
    const { text, headers } = await call("/embed/controls.svg");
    expect(headers.get("Content-Type")).toBe("image/svg+xml; charset=utf-8");
    expect(text).toContain("<title>controls: 8/9 passing, 1 unknown</title>");
    expect(text).not.toMatch(/style|script|href|on\w+=/);
  });

  it.each([
    ["pass", "9/9 passing"],
    ["fail", "9/9 failing"],
    ["unknown", "unknown"],
  ])("says it when all controls are %s", async (status, words) => {
    await bindings.CACHE.delete("controls");
    await sql("UPDATE control_results SET status = ?", status);
    const { text } = await call("/embed/controls.svg");
    expect(text).toContain(`<title>controls: ${words}</title>`);
    expect(text).toContain(`>${words}</text>`);
  });
});

it("they say unknown rather than nothing while neither KV nor D1 answers", async () => {
  await bindings.CACHE.delete("controls");
  await sql("ALTER TABLE control_results RENAME TO gone");
  const [page, badge] = [await call("/embed/controls"), await call("/embed/controls.svg")];
  await sql("ALTER TABLE gone RENAME TO control_results");
  expect([page.status, badge.status]).toEqual([200, 200]);
  expect(page.text).toContain("No recent measurement");
  expect(page.text.match(/class="control unknown"/g)).toHaveLength(9);
  expect(badge.text).toContain("<title>controls: unknown</title>");
});
