import viewer from "openapi-explorer/dist/browser/openapi-explorer.min.js";
import { describe, expect, it } from "vitest";
import { changes } from "../../../src/platform/web/viewer.ts";
import { call } from "../../support/api.ts";
import { requestWith } from "../../support/with-bindings.ts";

describe("GET /docs", () => {
  it("is a page that loads its two scripts, and the document, from this origin", async () => {
    const page = await call("/docs");
    expect([page.status, page.headers.get("Content-Type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.text).toContain('spec-url="/openapi.json"');
    expect(page.text).not.toMatch(/(src|href|url)="?(https?:)?\/\//);
    expect(page.text.match(/<script/g)).toHaveLength(2);
  });

  it("may run scripts of this origin alone, and be framed by nobody", async () => {
    const { headers } = await call("/docs");
    expect(headers.get("Content-Security-Policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  });

  it("has its script at an address that names its version, kept for good", async () => {
    const address = /src="([^"]+)"/.exec((await call("/docs")).text)?.[1] ?? "";
    expect(address).toMatch(/^\/docs\/viewer\.js\?v=\d+\.\d+\.\d+-[0-9a-f]{8}$/);
    const script = await call(address);
    expect([script.status, script.headers.get("Content-Type")]).toEqual([200, "text/javascript; charset=utf-8"]);
    expect(script.headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
    expect(script.text).toContain("openapi-explorer");
  });

  it("chooses no scope, shows no error before a token, and has its navigation on phones, too", async () => {
    const { text } = await call("/docs/viewer.js");
    expect(text).toContain('<input type="checkbox" part="checkbox checkbox-auth-scope"');
    expect(text).not.toMatch(/No API key applied"|<div class="red-text">\$\{\w+\("authentication\.no-api-key/);
    expect(text).not.toContain('matchMedia("(min-width: 768px)")');
  });

  it("each change of the viewer has exactly one place", () => {
    for (const [place] of changes) expect([...viewer.matchAll(new RegExp(place, "g"))], String(place)).toHaveLength(1);
  });

  it("links to the guides where DOCS_URL says, and to the list of them elsewhere", async () => {
    expect((await call("/docs")).text).toContain('<a href="/">the first page</a>');
    const { text } = await requestWith({ DOCS_URL: "https://git.example/docs" }, "/docs");
    expect(text).toContain('<a href="https://git.example/docs/guides/protect-an-api.md">Protect an API</a>');
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
