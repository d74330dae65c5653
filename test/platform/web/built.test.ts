/** What `web/` builds, as the Worker serves it. */
import { describe, expect, it } from "vitest";
import { call } from "../../support/api.ts";

const strict =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/** The scripts and styles that a page loads. */
const loadedBy = (text: string) => [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);

describe("GET /assets", () => {
  it("has the scripts and styles of the console, for good", async () => {
    const loaded = loadedBy((await call("/console")).text);
    expect(loaded.length).toBeGreaterThanOrEqual(2);
    for (const path of loaded) {
      const { status, headers } = await call(path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers.get("Content-Type")).toBe(
        path.endsWith(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8",
      );
      expect(headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
      expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    }
  });

  it.each(["/assets/none.js", "/assets/", "/assets/..%2Fconsole%2Findex.html", "/assets/.built", "/assets/a/b.js"])(
    "%s is 404, JSON, and not kept",
    async (path) => {
      const { status, headers, body } = await call(path);
      expect([status, body.code]).toEqual([404, "NOT_FOUND"]);
      expect(headers.get("Content-Type")).toBe("application/json");
      expect(headers.get("Cache-Control")).toBe("no-store");
      expect(headers.get("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    },
  );
});

describe("GET /console", () => {
  it.each(["/console", "/console/agents", "/console/agents/3f2a/credentials?tab=old"])(
    "%s is the page",
    async (path) => {
      const { status, headers, text } = await call(path);
      expect([status, headers.get("Content-Type")]).toEqual([200, "text/html; charset=utf-8"]);
      expect(headers.get("Cache-Control")).toBe("no-store");
      expect(headers.get("Content-Security-Policy")).toBe(strict);
      expect(text).toContain('<div id="root">');
      expect(text).not.toMatch(/<script>|<style|style=|\son\w+=/);
    },
  );

  it("HEAD has the headers alone, and every other method is 405", async () => {
    const head = await call("/console", { method: "HEAD" });
    expect([head.status, head.text, head.headers.get("Content-Type")]).toEqual([200, "", "text/html; charset=utf-8"]);
    const { status, headers } = await call("/console/agents", { method: "POST" });
    expect([status, headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  });

  it.each(["/console/api/v1/none", "/console/session/none", "/console/sessions/none/none"])(
    "%s is no page",
    async (path) => {
      const { status, headers } = await call(path, { headers: { "Sec-Fetch-Site": "same-origin" } });
      expect([status, headers.get("Content-Type")]).toEqual([404, "application/json"]);
    },
  );
});

describe("a page of the portal", () => {
  it("has the strict policy, and an ETag with which it is sent once", async () => {
    const { status, headers } = await call("/quick-start");
    expect([status, headers.get("Content-Type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(headers.get("Cache-Control")).toBe("public, max-age=300");
    expect(headers.get("Content-Security-Policy")).toBe(strict);
    const again = await call("/quick-start", { headers: { "If-None-Match": headers.get("ETag") ?? "" } });
    expect([again.status, again.text]).toEqual([304, ""]);
    expect(again.headers.get("Content-Security-Policy")).toBe(strict);
  });
});
