import { afterEach, describe, expect, it, vi } from "vitest";
import { send } from "./_small-app.ts";

const writer = { Authorization: "Bearer writer" };

afterEach(() => {
  vi.restoreAllMocks();
});

describe("404 NOT_FOUND", () => {
  it("an unknown path, before anybody asks who calls", async () => {
    const answer = await send("/api/v1/nowhere", {
      method: "POST",
      body: "{",
      headers: { "Content-Type": "application/json" },
    });
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual({
      code: "NOT_FOUND",
      message: "There is nothing at this path.",
      hint: "See the paths in `/openapi.json`.",
      docs: "http://localhost:8787/errors#NOT_FOUND",
      requestId: answer.headers.get("X-Request-Id"),
    });
  });

  it("a rule's own 404 stays what it is", async () => {
    const answer = await send("/api/v1/things", {
      method: "POST",
      body: '{"name":"nobody"}',
      headers: { ...writer, "Content-Type": "application/json" },
    });
    expect([answer.status, answer.body.code]).toEqual([404, "AGENT_NOT_FOUND"]);
  });
});

describe("405 METHOD_NOT_ALLOWED", () => {
  it.each(["PUT", "DELETE", "PATCH", "OPTIONS"])(
    "%s on a known path names the methods in Allow (RFC 9110 15.5.6)",
    async (method) => {
      const answer = await send("/api/v1/things", { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("Allow")).toBe("POST, GET, HEAD");
      expect(answer.body).toEqual({
        code: "METHOD_NOT_ALLOWED",
        message: "This path takes POST, GET, HEAD.",
        hint: "Use one of the methods in the `Allow` header.",
        docs: "http://localhost:8787/errors#METHOD_NOT_ALLOWED",
        requestId: answer.headers.get("X-Request-Id"),
      });
    },
  );

  it("HEAD is allowed wherever GET is", async () => {
    const answer = await send("/.well-known/jwks.json", { method: "HEAD" });
    expect(answer.status).toBe(200);
    expect(answer.body).toBeNull();
  });
});

describe("401 and 403", () => {
  it("RFC 6750 3: without a token the challenge has no error code, and the scheme comes first", async () => {
    const answer = await send("/api/v1/things");
    expect([answer.status, answer.body.code]).toEqual([401, "UNAUTHORIZED"]);
    expect(answer.headers.get("WWW-Authenticate")).toBe(
      'Bearer resource_metadata="http://localhost:8787/.well-known/oauth-protected-resource"',
    );
  });

  it("RFC 6750 3.1: a token that is not accepted is invalid_token", async () => {
    const answer = await send("/api/v1/things", { headers: { Authorization: "Bearer other" } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("WWW-Authenticate")).toMatch(
      /^Bearer error="invalid_token", error_description="[^"]+", resource_metadata=/,
    );
  });

  it("RFC 6750 3.1: a missing scope is insufficient_scope and named", async () => {
    const answer = await send("/api/v1/things", { method: "POST", headers: { Authorization: "Bearer reader" } });
    expect([answer.status, answer.body.code]).toEqual([403, "FORBIDDEN"]);
    expect(answer.body.details).toEqual({ requiredScope: "agents:write" });
    expect(answer.headers.get("WWW-Authenticate")).toContain('error="insufficient_scope"');
    expect(answer.headers.get("WWW-Authenticate")).toContain('scope="agents:write"');
  });

  it.each([
    ["malformed JSON", "{", "application/json"],
    ["a wrong type", "<a/>", "application/xml"],
    ["bad UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "application/json"],
  ])("comes before 400 and 415: a stranger with %s learns only that they are one", async (_, body, type) => {
    const answer = await send("/api/v1/things", { method: "POST", body, headers: { "Content-Type": type } });
    expect(answer.status).toBe(401);
  });
});

describe("what was thrown", () => {
  it("a bug is 500 with the request id and nothing of the bug, and one line in the log", async () => {
    const log = vi.spyOn(console, "error").mockReturnValue();
    const answer = await send("/api/v1/failures/bug");
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({
      code: "INTERNAL_SERVER_ERROR",
      message: "Something went wrong on our side. Report the requestId.",
      hint: "Report the `requestId`.",
      docs: "http://localhost:8787/errors#INTERNAL_SERVER_ERROR",
      requestId: answer.headers.get("X-Request-Id"),
    });
    expect(log).toHaveBeenCalledTimes(1);
    const line = log.mock.calls[0]![0];
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toMatchObject({
      message: "unhandled error",
      requestId: answer.body.requestId,
      method: "GET",
      path: "/api/v1/failures/bug",
      error: "TypeError: secret-detail of a bug",
    });
  });

  it.each(["dependency", "database"])(
    "a %s that is down is 503 with Retry-After and without its details",
    async (name) => {
      vi.spyOn(console, "error").mockReturnValue();
      const answer = await send(`/api/v1/failures/${name}`);
      expect([answer.status, answer.body.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
      expect(answer.headers.get("Retry-After")).toBe("1");
      expect(JSON.stringify(answer.body)).not.toContain("secret-detail");
    },
  );
});

describe("a broken setting stops the Worker", () => {
  it.each(["/api/v1/things", "/nowhere", "/.well-known/jwks.json"])(
    "%s answers 503 and names every setting, never its value",
    async (path) => {
      const log = vi.spyOn(console, "error").mockReturnValue();
      const answer = await send(
        path,
        {},
        { ISSUER: "https://idp.example.com/path", TOKEN_TTL_SECONDS: "5", KEY_ENCRYPTION_KEYS: "hush" },
      );
      expect([answer.status, answer.body.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
      expect(answer.body.message).toMatch(/^The Worker cannot start: /);
      for (const name of ["ISSUER", "TOKEN_TTL_SECONDS", "KEY_ENCRYPTION_KEYS"])
        expect(answer.body.message).toContain(name);
      expect(answer.body.message).not.toContain("hush");
      expect(log.mock.calls[0]![0]).toContain("broken settings");
    },
  );
});

describe("OAuth endpoints (RFC 6749 5.2): every problem also has error and error_description", () => {
  it.each([
    ["a wrong method", "/api/v1/token", { method: "PUT" }, 405, "invalid_request"],
    ["an unknown path", "/api/v1/oauth2/nowhere", {}, 404, "invalid_request"],
    [
      "JSON in place of a form",
      "/api/v1/token",
      { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } },
      415,
      "invalid_request",
    ],
    [
      "a body that is too large",
      "/api/v1/token",
      { method: "POST", body: "a".repeat(262_145) },
      413,
      "invalid_request",
    ],
    ["a missing parameter", "/api/v1/token", { method: "POST", body: new URLSearchParams() }, 400, "invalid_request"],
    [
      "a repeated parameter",
      "/api/v1/token",
      { method: "POST", body: new URLSearchParams("grant_type=a&grant_type=b") },
      400,
      "invalid_request",
    ],
    ["a bug", "/api/v1/oauth2/failures/bug", {}, 500, "server_error"],
    ["a dependency that is down", "/api/v1/oauth2/failures/dependency", {}, 503, "temporarily_unavailable"],
  ])("%s", async (_, path, init, status, error) => {
    vi.spyOn(console, "error").mockReturnValue();
    const answer = await send(path, init);
    expect([answer.status, answer.body.error]).toEqual([status, error]);
    expect(answer.body.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(answer.body.requestId).toBe(answer.headers.get("X-Request-Id"));
  });

  it("no other path has them", async () => {
    const answer = await send("/api/v1/tokens");
    expect(Object.keys(answer.body)).toEqual(["code", "message", "hint", "docs", "requestId"]);
  });
});
