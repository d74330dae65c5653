import { describe, expect, it, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import { version } from "../../../src/platform/version.ts";
import { call } from "../../support/api.ts";
import { bindings, monitoredApp } from "./_monitored-app.ts";

const { send } = monitoredApp();

/** KV that answers after so long. */
const slowKv = (ms: number): Partial<Bindings> => ({
  CACHE: { get: () => scheduler.wait(ms).then(() => null) } as unknown as KVNamespace,
});
const brokenD1: Partial<Bindings> = {
  DB: {
    prepare: () => {
      throw new Error("secret-detail of D1");
    },
  } as unknown as D1Database,
};

const healthy = { status: "healthy", latencyMs: expect.any(Number) };
const statusesOf = (checks: Record<string, { status: string }>) =>
  Object.fromEntries(Object.entries(checks).map(([name, { status }]) => [name, status]));

describe("GET /health/detailed", () => {
  it("200: everything is healthy, each with its latency", async () => {
    const answer = await call("/health/detailed");
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        status: "healthy",
        version,
        checks: {
          d1: healthy,
          kv: healthy,
          ledger: { ...healthy, oldestPendingEventSeconds: 0 },
          queue: { ...healthy, messagesWaiting: expect.any(Number) },
        },
      },
    ]);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
  });

  it("207: an answer that takes more than a second is degraded", async () => {
    const answer = await send("/health/detailed", slowKv(1_200));
    expect([answer.status, answer.body.status]).toEqual([207, "degraded"]);
    expect(statusesOf(answer.body.checks)).toEqual({
      d1: "healthy",
      kv: "degraded",
      ledger: "healthy",
      queue: "healthy",
    });
    expect(answer.body.checks.kv.latencyMs).toBeGreaterThanOrEqual(1_000);
  });

  it("503: no answer within two seconds is unreachable, and is not waited for", async () => {
    const beganAt = performance.now();
    const answer = await send("/health/detailed", slowKv(8_000));
    expect(performance.now() - beganAt).toBeLessThan(4_000);
    expect([answer.status, answer.body.status, answer.body.code]).toEqual([503, "unreachable", "SERVICE_UNAVAILABLE"]);
    expect(answer.body.message).toBe("Unreachable: kv.");
    expect(answer.body.checks.kv.status).toBe("unreachable");
    expect(answer.headers.get("Retry-After")).toBe("1");
  });

  it("503: what fails is unreachable, the others are still told, and no detail of the failure gets out", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue(undefined);
    const queueless: Partial<Bindings> = {
      WEBHOOK_QUEUE: { metrics: () => Promise.reject(new Error("secret-detail of the queue")) } as unknown as Queue,
    };
    const answer = await send("/health/detailed", { ...brokenD1, ...queueless });
    expect([answer.status, answer.body.message]).toEqual([503, "Unreachable: d1, queue."]);
    expect(statusesOf(answer.body.checks)).toEqual({
      d1: "unreachable",
      kv: "healthy",
      ledger: "healthy",
      queue: "unreachable",
    });
    expect(answer.text).not.toContain("secret-detail");
    expect(warned.mock.calls.join()).toContain("secret-detail of D1");
    warned.mockRestore();
  });

  it("200: without metrics the age of the oldest pending event is absent", async () => {
    const collect = () => Promise.reject(new Error("no metrics"));
    const METRICS = { idFromName: () => "metrics", get: () => ({ collect }) } as unknown as DurableObjectNamespace;
    const answer = await send("/health/detailed", { METRICS });
    expect([answer.status, answer.body.checks.ledger]).toEqual([200, healthy]);
  });

  it("503: a ledger that does not answer is unreachable", async () => {
    const down = monitoredApp({ pingLedger: () => Promise.reject(new Error("no ledger")) });
    const answer = await down.send("/health/detailed");
    expect([answer.status, answer.body.message]).toEqual([503, "Unreachable: ledger."]);
  });
});

it("GET /health asks nobody", async () => {
  const answer = await call("/health");
  expect([answer.status, answer.body]).toEqual([200, { status: "ok", version }]);
  expect(bindings.METRICS_TOKEN).toBe(undefined);
});
