import { describe, expect, it } from "vitest";
import { send } from "./_small-app.ts";

const production = {
  ISSUER: "https://idp.example.com",
  ENVIRONMENT: "production",
  ALLOWED_ORIGINS: "https://console.example.com, https://other.example.com",
};

const preflight = (origin: string, method: string) => ({
  method: "OPTIONS",
  headers: {
    Origin: origin,
    "Access-Control-Request-Method": method,
    "Access-Control-Request-Headers": "authorization",
  },
});

describe("security headers", () => {
  it.each(["/nowhere", "/.well-known/jwks.json", "/api/v1/things"])("are on %s", async (path) => {
    const { headers } = await send(path);
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("Referrer-Policy")).toBe("no-referrer");
    expect(headers.get("X-Frame-Options")).toBe("DENY");
    expect(headers.get("Content-Security-Policy")).toBe(
      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    );
  });

  it("Strict-Transport-Security is sent where the issuer is https, and only there", async () => {
    const overHttps = await send("/nowhere", {}, production);
    expect(overHttps.headers.get("Strict-Transport-Security")).toBe("max-age=63072000");
    const overHttp = await send("/nowhere");
    expect(overHttp.headers.get("Strict-Transport-Security")).toBeNull();
  });

  it("an answer that does not say how long it may be kept is not kept", async () => {
    expect((await send("/api/v1/context")).headers.get("Cache-Control")).toBe("no-store");
    expect((await send("/nowhere")).headers.get("Cache-Control")).toBe("no-store");
    expect((await send("/.well-known/jwks.json")).headers.get("Cache-Control")).toBe("public, max-age=300");
  });
});

describe("CORS", () => {
  it.each(["/.well-known/jwks.json", "/agents/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10/did.json"])(
    "%s is there for any origin",
    async (path) => {
      const { headers, status } = await send(path, { headers: { Origin: "https://anybody.example" } }, production);
      expect(status).toBe(200);
      expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
      expect(headers.get("Access-Control-Allow-Credentials")).toBeNull();
      expect(headers.get("Access-Control-Expose-Headers")).toBe(
        "ETag,X-Request-Id,Retry-After,RateLimit,RateLimit-Policy,WWW-Authenticate,Idempotency-Replayed,Date,Content-Disposition",
      );
    },
  );

  it("the API is there for no other origin, and says so to caches", async () => {
    const { headers } = await send("/api/v1/context", { headers: { Origin: "https://anybody.example" } }, production);
    expect(headers.get("Access-Control-Allow-Origin")).toBeNull();
    expect(headers.get("Vary")).toBe("Origin");
  });

  it("the API is there for the origins in ALLOWED_ORIGINS, without cookies", async () => {
    const { headers } = await send("/api/v1/context", { headers: { Origin: "https://other.example.com" } }, production);
    expect(headers.get("Access-Control-Allow-Origin")).toBe("https://other.example.com");
    expect(headers.get("Access-Control-Allow-Credentials")).toBeNull();
    expect(headers.get("Vary")).toBe("Origin");
  });

  it("an error, too, can be read by an allowed origin", async () => {
    const { headers, status } = await send(
      "/api/v1/things",
      { headers: { Origin: "https://other.example.com" } },
      production,
    );
    expect(status).toBe(401);
    expect(headers.get("Access-Control-Allow-Origin")).toBe("https://other.example.com");
  });

  it("a preflight of an allowed origin is answered with what it may do", async () => {
    const { headers, status } = await send(
      "/api/v1/things",
      preflight("https://other.example.com", "POST"),
      production,
    );
    expect(status).toBe(204);
    expect(headers.get("Access-Control-Allow-Origin")).toBe("https://other.example.com");
    expect(headers.get("Access-Control-Allow-Methods")).toBe("GET,HEAD,POST,PUT,PATCH,DELETE");
    expect(headers.get("Access-Control-Allow-Headers")).toBe(
      "Content-Type,If-Modified-Since,If-None-Match,X-Request-Id,X-Retry-Count,Authorization,DPoP,Idempotency-Key,If-Match",
    );
    expect(headers.get("Access-Control-Max-Age")).toBe("600");
  });

  it("a preflight for a public document allows reading only", async () => {
    const { headers, status } = await send("/.well-known/jwks.json", preflight("https://anybody.example", "GET"));
    expect(status).toBe(204);
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(headers.get("Access-Control-Allow-Methods")).toBe("GET,HEAD");
    // Not the requested `Authorization`.
    expect(headers.get("Access-Control-Allow-Headers")).toBe(
      "Content-Type,If-Modified-Since,If-None-Match,X-Request-Id,X-Retry-Count",
    );
  });

  it("a named origin may send its token for a public document too, which is the same for all origins", async () => {
    const origin = "https://other.example.com";
    const asked = await send("/.well-known/jwks.json", preflight(origin, "GET"), production);
    expect(asked.headers.get("Access-Control-Allow-Origin")).toBe(origin);
    expect(asked.headers.get("Access-Control-Allow-Headers")).toContain("Authorization");
    const read = await send("/.well-known/jwks.json", { headers: { Origin: origin } }, production);
    expect([read.headers.get("Access-Control-Allow-Origin"), read.headers.get("Vary")]).toEqual(["*", null]);
  });

  it.each([
    ["/openapi.json", "*"],
    ["/openapi-3.0.json", "*"],
    ["/api/v1/tiers", "*"],
    ["/api/v1/marketplace/agents", "*"],
    ["/api/v1/marketplace/agents/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", "*"],
    ["/health", "*"],
    ["/health/detailed", null],
    ["/metrics", null],
    ["/api/v1/tiers/status", null],
    ["/api/v1/tiers/", null],
    ["/api/v1/marketplace", null],
    ["/api/v1/agents", null],
  ])("%s is there for any origin: %s", async (path, allowed) => {
    const { headers } = await send(path, { headers: { Origin: "https://anybody.example" } }, production);
    expect(headers.get("Access-Control-Allow-Origin")).toBe(allowed);
  });

  it("a preflight of any other origin is refused", async () => {
    const { headers, status } = await send("/api/v1/things", preflight("https://anybody.example", "POST"), production);
    expect(status).toBe(405);
    expect(headers.get("Access-Control-Allow-Origin")).toBeNull();
  });

  it.each(["null", "https://other.example.com.evil.example", "http://other.example.com", "https://OTHER.example.com"])(
    "%s is not an origin in ALLOWED_ORIGINS",
    async (origin) => {
      const { headers } = await send("/api/v1/context", { headers: { Origin: origin } }, production);
      expect(headers.get("Access-Control-Allow-Origin")).toBeNull();
    },
  );
});
