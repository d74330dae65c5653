/** Errors as pages, and files at fixed addresses, over HTTP. The pages of the portal are in `portal.test.ts`. */
import { createHash } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Answer, call, issuer } from "../../support/api.ts";
import { requestWith } from "../../support/with-bindings.ts";

/** What Chromium sends when a person opens an address. */
const browser = {
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
};
const html = "text/html; charset=utf-8";

const withText = (value: string | null): string => value ?? "";

/** The policy names the style of the page by its hash, and nothing else may be loaded but the icon. */
function expectStrict({ text, headers }: Answer): void {
  const [, style = ""] = /<style>(.*?)<\/style>/s.exec(text) ?? [];
  const hash = createHash("sha256").update(style).digest("base64");
  expect(headers.get("Content-Security-Policy")).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(text).not.toMatch(/<script|style=|\son\w+=/);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("GET /", () => {
  it("names the operator, and escapes what the settings say", async () => {
    const { text } = await requestWith(
      { OPERATOR_NAME: '<img src=x onerror="alert(1)">', OPERATOR_CONTACT: 'https://example.com/?a="><script>b' },
      "/",
    );
    expect(text).toContain("Operated by &lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
    expect(text).toContain('<a href="https://example.com/?a=&quot;&gt;&lt;script&gt;b">Contact the operator</a>');
    expect(text).not.toMatch(/<script(?! src="\/assets\/)|<img src=x/);
  });

  it.each(["/", "/errors", "/docs", "/llms.txt", "/robots.txt", "/favicon.ico"])("HEAD %s", async (path) => {
    const [head, get] = [await call(path, { method: "HEAD" }), await call(path)];
    expect([head.status, head.text]).toEqual([200, ""]);
    expect(head.headers.get("Content-Type")).toBe(get.headers.get("Content-Type"));
  });

  it.each(["/", "/errors", "/robots.txt"])("POST %s is 405", async (path) => {
    const answer = await call(path, { method: "POST" });
    expect([answer.status, answer.body.code]).toEqual([405, "METHOD_NOT_ALLOWED"]);
    expect(answer.headers.get("Allow")).toBe("GET, HEAD");
  });
});

describe("errors for a browser", () => {
  it.each<[string, string, number, string]>([
    ["/nowhere", "NOT_FOUND", 404, "There is nothing at this path."],
    ["/api/v1/agents", "UNAUTHORIZED", 401, "token"],
    ["/api/v1/token", "METHOD_NOT_ALLOWED", 405, "This path takes POST."],
    ["/api/v1/marketplace/agents?limit=nine", "VALIDATION_ERROR", 400, "limit"],
  ])("%s is a page with the facts of the JSON object", async (path, code, status, message) => {
    const page = await call(path, { headers: browser });
    expect([page.status, page.headers.get("Content-Type")]).toEqual([status, html]);
    expectStrict(page);
    expect(page.text).toContain(message);
    expect(page.text).toContain(`<a href="/errors#${code}">${code}</a>`);
    expect(page.text).toContain(withText(page.headers.get("X-Request-Id")));
    const json = await call(path);
    expect([json.status, json.body.code]).toEqual([status, code]);
    for (const header of ["WWW-Authenticate", "Allow", "Cache-Control", "Vary"]) {
      expect(page.headers.get(header), header).toBe(json.headers.get(header));
    }
    expect(page.headers.get("Vary")).toBe("Accept");
  });

  it("escapes what the request says", async () => {
    const marker = "<script>alert(1)</script>";
    const { text, status } = await call(`/api/v1/marketplace/agents?limit=${encodeURIComponent(marker)}`, {
      headers: browser,
    });
    expect(status).toBe(400);
    expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(text).not.toContain(marker);
  });

  it("is a page also with broken settings, and so is the page of the errors", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const broken = { TOKEN_TTL_SECONDS: "0" };
    const page = await requestWith(broken, "/", { headers: browser });
    expect([page.status, page.headers.get("Content-Type")]).toEqual([503, html]);
    expect(page.headers.get("Retry-After")).toBe("1");
    expectStrict(page);
    expect(page.text).toContain("TOKEN_TTL_SECONDS must be at least 60 seconds");
    expect(page.text).toContain('href="/errors#SERVICE_UNAVAILABLE"');
    for (const path of ["/errors", "/favicon.ico"]) expect((await requestWith(broken, path)).status, path).toBe(200);
    expect((await requestWith(broken, "/")).body).toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  it("a bug is a page with the request id and nothing else", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const DB = {
      prepare() {
        throw new TypeError("secret-detail");
      },
    } as unknown as D1Database;
    const page = await requestWith({ DB }, "/api/v1/marketplace/agents", { headers: browser });
    expect([page.status, page.headers.get("Content-Type")]).toEqual([500, html]);
    expect(page.text).toContain(withText(page.headers.get("X-Request-Id")));
    expect(page.text).not.toContain("secret-detail");
  });

  it.each<[string, string | null]>([
    ["text/html", html],
    ["text/*", html],
    ["TEXT/HTML, */*;q=0.1", html],
    ["application/json;q=0.4, text/html;q=0.5", html],
    ["application/*;q=0.4, text/html;q=0.5, */*", html],
    [browser.Accept, html],
    ["*/*", null],
    ["", null],
    ["application/json", null],
    ["application/json, text/plain, */*", null],
    ["text/html, application/json", null],
    ["text/html;q=0.5, application/json;q=0.6", null],
    ["text/html;q=0.8, */*", null],
    ["text/html;q=0", null],
    ["text/html;q=0, text/*", null],
    ["text/plain", null],
    [",;=q", null],
  ])("Accept: %s", async (accept, type) => {
    const { status, headers } = await call("/nowhere", { headers: { Accept: accept } });
    expect([status, headers.get("Content-Type")]).toEqual([404, type ?? "application/json"]);
  });

  it("a program gets JSON, whatever it accepts: with a token, and from every other method", async () => {
    const headers = { ...browser, Authorization: "Bearer x" };
    expect((await call("/api/v1/agents", { headers })).body.code).toBe("UNAUTHORIZED");
    const refused = await call("/api/v1/token", { form: { grant_type: "none" }, headers: browser });
    expect(refused.body.error).toBe("unsupported_grant_type");
    expect(refused.headers.get("Vary")).toBeNull();
  });
});

describe("a trailing slash", () => {
  it.each([
    ["/docs/", "/docs"],
    ["/errors/", "/errors"],
    ["/reference/", "/reference"],
    ["/guides/clients/", "/guides/clients"],
    ["/embed/controls/?theme=dark", "/embed/controls?theme=dark"],
    ["/.well-known/jwks.json/", "/.well-known/jwks.json"],
  ])("%s leads to %s", async (path, target) => {
    for (const method of ["GET", "HEAD"]) {
      const { status, headers } = await call(path, { method });
      expect([status, headers.get("Location")]).toEqual([308, target]);
    }
  });

  it.each(["/nowhere/", "/docs//", "//evil.example/", "/api/v1/agents/", "/agents/x/did.json/"])(
    "%s is 404",
    async (path) => {
      expect((await call(path)).status).toBe(404);
    },
  );

  it("no other method is redirected", async () => {
    expect((await call("/docs/", { method: "POST" })).status).toBe(404);
  });
});

describe("files at fixed addresses", () => {
  it("/favicon.ico is an SVG picture", async () => {
    const { status, headers, text } = await call("/favicon.ico");
    expect([status, headers.get("Content-Type")]).toEqual([200, "image/svg+xml"]);
    expect(text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  });

  it("/robots.txt keeps crawlers out of the API and the console, and names the map (RFC 9309)", async () => {
    const { headers, text } = await call("/robots.txt");
    expect(headers.get("Content-Type")).toBe("text/plain; charset=utf-8");
    const lines = text.split("\n");
    expect(lines.slice(0, 2)).toEqual(["User-agent: *", "Disallow: /api/"]);
    expect(lines).toEqual(expect.arrayContaining(["Disallow: /console", `Sitemap: ${issuer}/sitemap.xml`]));
  });

  it("/.well-known/security.txt has contact, expiry and its own address (RFC 9116 2.5), and is 404 without a contact", async () => {
    expect((await call("/.well-known/security.txt")).status).toBe(404);
    const settings = { OPERATOR_CONTACT: "mailto:security@example.com" };
    const { status, headers, text } = await requestWith(settings, "/.well-known/security.txt");
    expect([status, headers.get("Content-Type")]).toEqual([200, "text/plain; charset=utf-8"]);
    const [contact, expires = "", canonical] = text.split("\n");
    expect(contact).toBe("Contact: mailto:security@example.com");
    expect(canonical).toBe(`Canonical: ${issuer}/.well-known/security.txt`);
    const days = (Date.parse(expires.replace("Expires: ", "")) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(88);
    expect(days).toBeLessThanOrEqual(90);
  });

  it("/llms.txt has a title, a summary and lists of links that work (llmstxt.org)", async () => {
    const { headers, text } = await call("/llms.txt");
    expect(headers.get("Content-Type")).toBe("text/plain; charset=utf-8");
    expect(text).toMatch(/^# SentryAgent AgentIdP\n\n> An identity provider for AI agents\./);
    const targets = [...text.matchAll(/^- \[[^\]]+\]\(([^)]+)\): /gm)].map(([, target = ""]) => target);
    expect(targets).toEqual(
      expect.arrayContaining([`${issuer}/openapi.json`, `${issuer}/health`, `${issuer}/guides/protect-an-api.md`]),
    );
    for (const target of targets) expect((await call(target.replace(issuer, ""))).status, target).toBe(200);
  });
});

describe("DOCS_URL", () => {
  it.each(["docs", "ftp://example.com/docs", "https://example.com/docs/", "https://example.com/docs?a"])(
    "%s is refused",
    async (DOCS_URL) => {
      vi.spyOn(console, "error").mockReturnValue();
      const { status, body } = await requestWith({ DOCS_URL }, "/health");
      expect([status, body.message]).toEqual([503, expect.stringContaining("DOCS_URL must")]);
    },
  );
});
