import { afterEach, describe, expect, it, vi } from "vitest";
import { call, callWithTag, download, pathOf } from "../src/api/client.ts";
import { issueOf } from "../src/api/issues.ts";
import { ApiProblem, asProblem } from "../src/api/problem.ts";
import { keepCsrfToken, type Refusals, whenRefused } from "../src/api/transport.ts";

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

/** Answers each request with the next of the responses, and keeps what was sent. */
function network(...responses: readonly Response[]): readonly Sent[] {
  const sent: Sent[] = [];
  const left = [...responses];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    sent.push({ url, init });
    const response = left.shift();
    if (response === undefined) throw new TypeError("Failed to fetch");
    return response;
  });
  return sent;
}

const refusal = (status: number, body: object, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers });

async function problemOf(promise: Promise<unknown>): Promise<ApiProblem> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiProblem);
  return error as ApiProblem;
}

const nothing: Refusals = { unauthorized: () => undefined, csrfToken: async () => false };

afterEach(() => {
  vi.unstubAllGlobals();
  keepCsrfToken(null);
  whenRefused(nothing);
});

describe("a call", () => {
  it("has its ids encoded, and of its query only what is set", () => {
    const input = { path: { agentId: "a/b?c" }, query: { limit: 20, cursor: undefined, search: "", status: "active" } };
    expect(pathOf("GET /agents/{agentId}/credentials", input)).toBe(
      "/agents/a%2Fb%3Fc/credentials?limit=20&status=active",
    );
  });

  it("goes below /console/api/v1, with the CSRF token where it changes something, and never to another origin", async () => {
    const sent = network(Response.json({ data: [], nextCursor: null }), Response.json({}));
    keepCsrfToken("the-token");
    await call("GET /agents");
    await call("PATCH /agents/{agentId}", { path: { agentId: "1" }, body: { owner: "a" }, ifMatch: '"7"' });
    const [read, change] = sent;
    expect(read?.url).toBe("/console/api/v1/agents");
    expect(new Headers(read?.init.headers).has("X-CSRF-Token")).toBe(false);
    expect(change?.init).toMatchObject({
      method: "PATCH",
      body: '{"owner":"a"}',
      credentials: "same-origin",
      redirect: "error",
    });
    const headers = new Headers(change?.init.headers);
    expect(headers.get("X-CSRF-Token")).toBe("the-token");
    expect(headers.get("If-Match")).toBe('"7"');
    expect(headers.get("Content-Type")).toBe("application/json");
  });

  it("answers with the ETag, and with nothing for 204", async () => {
    network(Response.json({ agentId: "1" }, { headers: { ETag: '"3"' } }), new Response(null, { status: 204 }));
    expect(await callWithTag("GET /agents/{agentId}", { path: { agentId: "1" } })).toEqual({
      value: { agentId: "1" },
      etag: '"3"',
    });
    expect(await call("DELETE /agents/{agentId}", { path: { agentId: "1" } })).toBeUndefined();
  });
});

describe("a problem", () => {
  it("has the code, the message, what to do, the request id and the fields", async () => {
    const issues = [{ path: "scopes.0", message: "is not known" }, "broken"];
    network(
      refusal(400, {
        code: "VALIDATION_ERROR",
        message: "Wrong",
        hint: "Correct it.",
        docs: "https://idp.example.com/errors#VALIDATION_ERROR",
        requestId: "r1",
        details: { issues },
      }),
    );
    const problem = await problemOf(call("GET /agents"));
    expect(problem).toMatchObject({
      code: "VALIDATION_ERROR",
      message: "Wrong",
      hint: "Correct it.",
      requestId: "r1",
      status: 400,
    });
    expect(issueOf(problem.issues, "scopes")).toBe("is not known");
    expect(issueOf(problem.issues, "scope")).toBeUndefined();
  });

  it.each([
    [403, { code: "FREE_TIER_LIMIT_EXCEEDED" }, { isOverLimit: true, isForbidden: false }],
    [
      403,
      { code: "FORBIDDEN", details: { requiredScope: "audit:read" } },
      { isForbidden: true, requiredScope: "audit:read" },
    ],
    [403, { code: "FORBIDDEN" }, { isForbidden: true, requiredScope: null }],
    [404, { code: "AGENT_NOT_FOUND" }, { isNotFound: true }],
    [412, { code: "PRECONDITION_FAILED" }, { isChanged: true }],
  ])("of status %i with %j", async (status, body, expected) => {
    network(refusal(status, { message: "m", hint: "h", ...body }));
    expect(await problemOf(call("GET /agents"))).toMatchObject(expected);
  });

  it("says how long to wait", async () => {
    network(refusal(429, { code: "RATE_LIMIT_EXCEEDED", message: "m", hint: "h" }, { "Retry-After": "17" }));
    expect((await problemOf(call("GET /agents"))).retryAfterSeconds).toBe(17);
  });

  it("of a proxy's page has the status and the request id of the header", async () => {
    network(new Response("<html>502</html>", { status: 502, headers: { "X-Request-Id": "r2" } }));
    expect(await problemOf(call("GET /agents"))).toMatchObject({
      code: "UNREADABLE_ANSWER",
      status: 502,
      requestId: "r2",
    });
  });

  it("of a page in place of JSON is a failure, no data", async () => {
    network(new Response("<html>Sign in to the network</html>"));
    expect((await problemOf(call("GET /agents"))).code).toBe("UNREADABLE_ANSWER");
  });

  it("of no answer says that a change may have happened", async () => {
    network();
    const problem = await problemOf(call("GET /agents"));
    expect(problem).toMatchObject({ code: "NO_ANSWER", status: 0, requestId: null });
    expect(problem.hint).toContain("may or may not have happened");
  });

  it("of our own code is one too", () => {
    expect(asProblem(new RangeError("x")).details).toEqual({ error: "x" });
  });
});

describe("a refusal that is about the session", () => {
  const noToken = () =>
    refusal(403, { code: "FORBIDDEN", message: "m", hint: "h", details: { requiredHeader: "X-CSRF-Token" } });

  it("of status 401 ends it, and is still the problem of the call", async () => {
    network(refusal(401, { code: "UNAUTHORIZED", message: "m", hint: "h", details: { reason: "revoked" } }));
    const unauthorized = vi.fn();
    whenRefused({ ...nothing, unauthorized });
    expect((await problemOf(call("GET /agents"))).status).toBe(401);
    expect(unauthorized.mock.calls).toEqual([[expect.objectContaining({ details: { reason: "revoked" } })]]);
  });

  it("of the CSRF token is sent again once, with the new token", async () => {
    const sent = network(noToken(), noToken());
    whenRefused({
      ...nothing,
      csrfToken: async () => {
        keepCsrfToken("new");
        return true;
      },
    });
    expect((await problemOf(call("DELETE /agents/{agentId}", { path: { agentId: "1" } }))).status).toBe(403);
    expect(sent.map(({ init }) => new Headers(init.headers).get("X-CSRF-Token"))).toEqual([null, "new"]);
  });

  it("of the CSRF token is no second call where another agent has signed in", async () => {
    const sent = network(noToken());
    expect((await problemOf(call("DELETE /agents/{agentId}", { path: { agentId: "1" } }))).status).toBe(403);
    expect(sent).toHaveLength(1);
  });
});

describe("a file that breaks off", () => {
  it("is no file: it is told as no answer", async () => {
    const broken = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(new TextEncoder().encode("half of it"));
        controller.error(new TypeError("network error"));
      },
    });
    network(new Response(broken));
    const problem = await problemOf(download("GET /audit/export", { query: {} }, { fileName: "audit.ndjson" }));
    expect(problem).toMatchObject({ code: "NO_ANSWER", status: 0 });
  });
});
