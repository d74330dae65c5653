/** The two API references, as the Worker serves them. How they work is in `test/browser`. */
import { describe, expect, it } from "vitest";
import { call } from "../../support/api.ts";

/** The URLs of the scripts and styles of a page, in their order. */
const loadedBy = (text: string) => [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);

describe.each([
  ["/docs", 'spec-url="/openapi.json"', ["docs", "openapi-explorer", "docs"]],
  ["/reference", 'apiDescriptionUrl="/openapi.json"', ["elements", "reference", "reference", "elements"]],
])("GET %s", (path, document, files) => {
  it("is a page that loads its scripts, its styles and the document from this origin", async () => {
    const page = await call(path);
    expect([page.status, page.headers.get("Content-Type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.headers.get("Cache-Control")).toBe("public, max-age=300");
    expect(page.text).toContain(document);
    expect(page.text).not.toMatch(/(src|href|url)="?(https?:)?\/\/|<style|<script>/i);
    const loaded = loadedBy(page.text);
    expect(loaded.map((url) => url.replace(/^\/assets\/(.*)-[0-9a-f]{10}\.(js|css)$/, "$1"))).toEqual(files);
    for (const url of loaded) expect([url, (await call(url)).status]).toEqual([url, 200]);
  });

  it("may run scripts of this origin alone, and be framed by nobody", async () => {
    const { headers } = await call(path);
    expect(headers.get("Content-Security-Policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  });
});

describe("the viewer of /docs", () => {
  it("chooses no scope, shows no error before a token, and has its navigation on phones, too", async () => {
    const viewer = loadedBy((await call("/docs")).text).find((url) => url.includes("openapi-explorer")) ?? "";
    const { text } = await call(viewer);
    expect(text).toContain('<input type="checkbox" part="checkbox checkbox-auth-scope"');
    expect(text).not.toMatch(/No API key applied"|<div class="red-text">\$\{\w+\("authentication\.no-api-key/);
    expect(text).not.toContain('matchMedia("(min-width: 768px)")');
  });

  it("links to the quick start and the guides", async () => {
    const { text } = await call("/docs");
    expect(text).toContain('<a href="/quick-start">');
    expect(text).toContain('<a href="/guides">');
  });
});

describe("GET /health", () => {
  it("says that the service runs, and which version", async () => {
    const answer = await call("/health");
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ status: "ok", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
  });
});
