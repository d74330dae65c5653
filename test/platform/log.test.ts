/** A line of the log has the id of the request, or of the run, that it happened in. */
import { createExecutionContext, createMessageBatch, createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Bindings } from "../../src/platform/env.ts";
import { log } from "../../src/platform/log.ts";
import worker from "../../src/worker.ts";
import { theOperator } from "../support/api.ts";
import { getWith } from "../support/with-bindings.ts";

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const bindings = env as unknown as Bindings;
const brokenKv = {
  get: () => Promise.reject(new Error("no KV today")),
  put: () => Promise.reject(new Error("no KV today")),
} as unknown as KVNamespace;

let lines: Record<string, unknown>[];

beforeEach(() => {
  lines = [];
  for (const level of ["warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line) => void lines.push(JSON.parse(String(line))));
  }
});
afterEach(() => {
  vi.restoreAllMocks();
});

it("of a request: the one that its answer tells", async () => {
  await theOperator();
  const answer = await getWith({ CACHE: brokenKv }, "/.well-known/jwks.json");
  expect(answer.status).toBe(200);
  expect(lines).not.toEqual([]);
  expect(lines).toEqual(
    lines.map(() => ({
      message: "KV is unusable for now",
      requestId: answer.headers.get("X-Request-Id"),
      subject: "key set",
      error: "Error: no KV today",
    })),
  );
});

it("of a run of the queue", async () => {
  const batch = createMessageBatch("agentidp-webhooks", [
    { id: "1", timestamp: new Date(), attempts: 1, body: "no message" },
    { id: "2", timestamp: new Date(), attempts: 1, body: "none either" },
  ]);
  await worker.queue(batch, bindings, createExecutionContext());
  const [first, second] = lines;
  expect(first?.requestId).toMatch(uuidV7);
  expect(second?.requestId).toBe(first?.requestId);
});

it("of a scheduled run", async () => {
  const execution = createExecutionContext();
  await worker
    .scheduled(createScheduledController(), { ...bindings, CACHE: brokenKv }, execution)
    .catch(() => undefined);
  expect(lines.length).toBeGreaterThan(1);
  expect(new Set(lines.map(({ requestId }) => requestId)).size).toBe(1);
  expect(lines[0]?.requestId).toMatch(uuidV7);
});

it("has the reason of an error and what it came from, and no parameters of a failed query", () => {
  const error = new Error("Failed query: SELECT 1\nparams: a secret", { cause: new Error("no such table") });
  log.warn({ requestId: "r-1" }, "put off", { organizationId: "o-1", error });
  expect(lines).toEqual([
    {
      message: "put off",
      requestId: "r-1",
      organizationId: "o-1",
      error: "Error: Failed query: SELECT 1 (Error: no such table)",
    },
  ]);
});
