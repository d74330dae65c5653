/** The authorization endpoint that discovery names, for clients that refuse a document without one. It grants nothing. */
import { describe, expect, it } from "vitest";
import { call, issuer } from "../../support/api.ts";

const request = new URLSearchParams({
  response_type: "code",
  client_id: "<script>alert(1)</script>",
  redirect_uri: "https://evil.example/callback",
  state: "the-state",
  code_challenge: "a".repeat(43),
  code_challenge_method: "S256",
});
const ask = (accept?: string, query = `?${request}`) =>
  call(`/authorize${query}`, accept === undefined ? {} : { headers: { Accept: accept } });

describe("400 for every client", () => {
  it.each<[string, string | undefined]>([
    ["no Accept", undefined],
    ["any type", "*/*"],
    ["JSON", "application/json"],
    ["JSON rather than HTML", "text/html;q=0.5, application/json"],
    ["a type that is not there", "image/png"],
  ])("in JSON to %s", async (_, accept) => {
    const { status, headers, body } = await ask(accept);
    expect(status).toBe(400);
    expect(headers.get("Content-Type")).toMatch(/^application\/json/);
    expect(body).toEqual({
      error: "unsupported_response_type",
      error_description: "This service has no sign-in page. An agent gets its token from the token endpoint.",
      error_uri: `${issuer}/guides/issue-and-revoke-tokens`,
      code: "VALIDATION_ERROR",
      message: "This service has no sign-in page. An agent gets its token from the token endpoint.",
      hint: expect.any(String),
      docs: `${issuer}/errors#VALIDATION_ERROR`,
      requestId: expect.any(String),
    });
  });

  it("in HTML to a browser, with a link to the documentation and a policy that loads nothing", async () => {
    const { status, headers, text } = await ask("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    expect(status).toBe(400);
    expect(headers.get("Content-Type")).toBe("text/html; charset=UTF-8");
    expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    expect(headers.get("Vary")).toContain("Accept");
    expect(text).toContain(`<a href="${issuer}/guides/issue-and-revoke-tokens">`);
    expect(text).toContain(`POST ${issuer}/api/v1/token`);
  });

  it.each(["text/html", "application/json"])(
    "as %s, it never redirects and repeats nothing of the request",
    async (accept) => {
      for (const query of ["", `?${request}`, "?response_type=none&redirect_uri=https://evil.example"]) {
        const { status, headers, text } = await ask(accept, query);
        expect(status).toBe(400);
        expect(headers.get("Location")).toBeNull();
        expect(text).not.toMatch(/evil|the-state|alert/);
      }
    },
  );

  it("405 to another method", async () => {
    const { status, headers } = await call("/authorize", { method: "POST", form: { response_type: "code" } });
    expect([status, headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  });
});
