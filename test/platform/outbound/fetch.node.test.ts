import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { version } from "../../../package.json";
import { type OutboundRequest, outboundFetch } from "../../../src/platform/outbound/fetch.ts";
import { json, type StandIn, startStandIn } from "./_stand-in.ts";

let server: StandIn;
beforeAll(async () => {
  server = await startStandIn(json({}));
});
afterAll(() => server.close());

const context = { settings: { environment: "development", dnsResolver: null } } as const;
const send = (request: Partial<OutboundRequest> = {}, path = "/") =>
  outboundFetch(context, `${server.origin}${path}`, { timeoutMs: 2000, maxBytes: 1000, ...request });
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

it("answers with status, headers and body, whatever the status", async () => {
  server.handler = (_, response) => response.writeHead(418, { "X-Kind": "teapot" }).end("short and stout");
  const answer = await send();
  if (!answer.ok) throw new Error(answer.detail);
  expect([answer.status, answer.headers.get("X-Kind"), text(answer.body), answer.truncated]).toEqual([
    418,
    "teapot",
    "short and stout",
    false,
  ]);
});

it("sends method, headers, body and its own User-Agent, and nothing else of note", async () => {
  let seen: Record<string, unknown> = {};
  server.handler = (request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      seen = { method: request.method, body, headers: request.headers };
      response.end();
    });
  };
  const headers = { "X-Sign": "1", "user-agent": "other" };
  await send({ method: "POST", headers, body: "hello", accept: "application/json" });
  expect(seen).toMatchObject({
    method: "POST",
    body: "hello",
    headers: { "x-sign": "1", accept: "application/json", "user-agent": `SentryAgent-AgentIdP/${version}` },
  });
  expect(seen.headers).not.toHaveProperty("cookie");
  expect(seen.headers).not.toHaveProperty("authorization");
});

it.each([301, 302, 303, 307, 308])("a %i is a failure, and its target is not called", async (status) => {
  server.requests.length = 0;
  server.handler = (_, response) => response.writeHead(status, { Location: `${server.origin}/inside` }).end();
  expect(await send()).toEqual({
    ok: false,
    reason: "redirect",
    status,
    detail: `answered ${status}; redirects are not followed`,
  });
  expect(server.requests).toEqual(["/"]);
});

it("reads no more than it may of an endless body", async () => {
  let sent = 0;
  server.handler = (_, response) => {
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(65_536))) sent += 65_536;
    };
    response.on("drain", more);
    more();
  };
  expect(await send()).toEqual({ ok: false, reason: "too_large", detail: "the body has more than 1000 bytes" });
  expect(sent).toBeLessThan(50_000_000);
});

it("keeps the beginning of a large body where that is asked for", async () => {
  server.handler = (_, response) => response.end("x".repeat(5000));
  const answer = await send({ whenTooLarge: "truncate" });
  expect(answer).toMatchObject({ ok: true, status: 200, truncated: true });
  if (answer.ok) expect(text(answer.body)).toBe("x".repeat(1000));
});

it("a body of exactly the limit is whole", async () => {
  server.handler = (_, response) => response.end("x".repeat(1000));
  expect(await send()).toMatchObject({ ok: true, truncated: false });
});

it("counts what a compressed body unpacks to", async () => {
  // Before the request: compressing takes longer than a busy machine has for the answer.
  const body = gzipSync(Buffer.alloc(50_000_000));
  server.handler = (_, response) => response.writeHead(200, { "Content-Encoding": "gzip" }).end(body);
  expect(await send()).toMatchObject({ ok: false, reason: "too_large" });
});

const late = { ok: false, reason: "timeout", detail: "no complete answer within 200 ms" };

it("a server that never answers is a time-out", async () => {
  server.handler = () => undefined;
  expect(await send({ timeoutMs: 200 })).toEqual(late);
});

it("a body that never ends is a time-out, though its bytes keep coming", async () => {
  server.handler = (_, response) => {
    const timer = setInterval(() => response.write("x"), 20);
    response.on("close", () => clearInterval(timer));
  };
  expect(await send({ timeoutMs: 200 })).toEqual(late);
});

it("a broken connection is a failure of the network", async () => {
  server.handler = (request) => request.socket.destroy();
  expect(await send()).toMatchObject({ ok: false, reason: "network" });
});

it("a body that breaks off is one too", async () => {
  server.handler = (_, response) => {
    response.writeHead(200, { "Content-Length": "100" });
    response.write("x");
    setTimeout(() => response.destroy(), 20);
  };
  expect(await send()).toMatchObject({ ok: false, reason: "network" });
});

it("a refused URL is not called", async () => {
  const refused = await outboundFetch(context, "https://169.254.169.254/", { timeoutMs: 1000, maxBytes: 10 });
  expect(refused).toEqual({ ok: false, reason: "refused_url", detail: "must name a host, not an IP address" });
});
