import { afterEach, describe, expect, it, vi } from "vitest";
import { send } from "./_small-app.ts";

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

afterEach(() => {
  vi.restoreAllMocks();
});

describe("X-Request-Id", () => {
  it("is a new UUID v7 on every answer, and the requestId of a problem", async () => {
    const first = await send("/nowhere");
    const second = await send("/nowhere");
    expect(first.headers.get("X-Request-Id")).toMatch(uuidV7);
    expect(first.body.requestId).toBe(first.headers.get("X-Request-Id"));
    expect(second.body.requestId).not.toBe(first.body.requestId);
  });

  it.each(["abc-123_XYZ=", "a".repeat(64)])("is the caller's own when that is a plain token: %s", async (id) => {
    const answer = await send("/nowhere", { headers: { "X-Request-Id": id } });
    expect(answer.headers.get("X-Request-Id")).toBe(id);
    expect(answer.body.requestId).toBe(id);
  });

  it.each(["a".repeat(65), "has space", 'quote"d', "{json}", "ümlaut", "<script>", "a,b", ""])(
    "is a new one when the caller's could break a header or a log line: %s",
    async (id) => {
      const answer = await send("/nowhere", { headers: { "X-Request-Id": id } });
      expect(answer.headers.get("X-Request-Id")).toMatch(uuidV7);
    },
  );

  it("is on answers to things that went wrong", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const answer = await send("/api/v1/failures/dependency");
    expect(answer.status).toBe(503);
    expect(answer.headers.get("X-Request-Id")).toMatch(uuidV7);
  });
});

describe("the source of a request", () => {
  it("is the address that Cloudflare saw, and the user agent", async () => {
    const answer = await send("/api/v1/context", {
      headers: { "CF-Connecting-IP": "192.0.2.7", "User-Agent": "curl/8" },
    });
    expect(answer.body).toEqual({
      source: { ip: "192.0.2.7", userAgent: "curl/8" },
      requestId: answer.headers.get("X-Request-Id"),
    });
  });

  it("is unknown where there is no address, and has no lone surrogate where the user agent is cut", async () => {
    const answer = await send("/api/v1/context", { headers: { "User-Agent": `${"a".repeat(255)}\u{1F600}` } });
    expect(answer.body.source.ip).toBe("unknown");
    expect(answer.body.source.userAgent).toHaveLength(256);
    expect(answer.body.source.userAgent.isWellFormed()).toBe(true);
  });
});
