import { describe, expect, it } from "vitest";
import { call } from "../../support/api.ts";

describe("GET /docs", () => {
  it("is a page that loads its one script, and the document, from this origin", async () => {
    const page = await call("/docs");
    expect([page.status, page.headers.get("Content-Type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.text).toContain('spec-url="/openapi.json"');
    expect(page.text).not.toMatch(/(src|href|url)="?(https?:)?\/\//);
    expect(page.text.match(/<script/g)).toHaveLength(1);
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
    expect(address).toMatch(/^\/docs\/viewer\.js\?v=\d+\.\d+\.\d+$/);
    const script = await call(address);
    expect([script.status, script.headers.get("Content-Type")]).toEqual([200, "text/javascript; charset=utf-8"]);
    expect(script.headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
    expect(script.text).toContain("openapi-explorer");
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
