/** How what an isolate has counted comes to the metrics object and to the ledgers: after the answer, and whatever fails. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import type { Push } from "../../../src/platform/telemetry/aggregator.ts";
import type { AnsweredCalls } from "../../../src/platform/telemetry/calls.ts";
import { type MonitoredApp, monitoredApp } from "./_monitored-app.ts";
import { read } from "./_scrape.ts";

const apps: MonitoredApp[] = [];
function newApp(parts: Parameters<typeof monitoredApp>[0] = {}): MonitoredApp {
  const app = monitoredApp(parts);
  apps.push(app);
  return app;
}

/** Waits until everything is handed in and nobody has the duty to push. */
const settled = async (app: MonitoredApp) => void (await Promise.all(app.deferred));

afterEach(async () => {
  await Promise.all(apps.splice(0).map(settled));
  vi.restoreAllMocks();
});

const mine = (organizationId: string) => ({ Authorization: `Bearer ${organizationId}` });

const scrapeOf = async ({ send }: MonitoredApp) => read((await send("/metrics")).text);
const answered = async (app: MonitoredApp) => {
  return (await scrapeOf(app)).value("agentidp_http_requests_total", { method: "GET", route: "/mine", status: "204" });
};

/** A metrics object that takes notes instead of counting; while `down`, it does not answer. */
function stand(down = { is: false, afterAdding: false }) {
  const pushes: Push[] = [];
  const METRICS = {
    idFromName: (name: string) => name,
    get: () => ({
      async add(push: Push) {
        if (down.is) throw new Error("the object was reset");
        pushes.push(push);
        if (down.afterAdding) throw new Error("the answer got lost");
      },
    }),
  } as unknown as DurableObjectNamespace;
  const overrides: Partial<Bindings> = { METRICS };
  return { pushes, down, overrides };
}

const batchesOf = (pushes: readonly Push[]) => pushes.flatMap(({ batches }) => batches);

describe("the push", () => {
  it("is one for many requests, after their answers", async () => {
    const app = newApp();
    const { pushes, overrides } = stand();
    await Promise.all(Array.from({ length: 20 }, () => app.send("/mine", overrides, mine("one"))));
    expect(app.deferred.length).toBe(1);
    expect(pushes).toEqual([]);
    await settled(app);
    expect(pushes.length).toBe(1);
    const [[key, value] = []] = [...(pushes[0]?.batches[0]?.tally.counters ?? [])];
    expect([key, value]).toEqual(['["agentidp_http_requests_total","GET","/mine","204"]', 20]);
    await app.send("/mine", overrides, mine("one"));
    await settled(app);
    expect([pushes.length, app.deferred.length]).toEqual([2, 2]);
  });

  it("that fails keeps the counts and fails no request; the next one brings them, with the same number", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue(undefined);
    const app = newApp();
    const before = await answered(app);
    await settled(app);
    const { pushes, down, overrides } = stand({ is: true, afterAdding: false });
    expect((await app.send("/mine", overrides, mine("one"))).status).toBe(204);
    await settled(app);
    expect(warned.mock.calls.join()).toContain("counts deferred to the next push");
    Object.assign(down, { is: false, afterAdding: true });
    expect((await app.send("/mine", overrides, mine("one"))).status).toBe(204);
    await settled(app);
    expect(batchesOf(pushes).length).toBe(2);
    // Its answer got lost, so both batches come once more, to the real object this time.
    expect((await answered(app)) - before).toBe(2);
  });

  it("of somebody who was cut off is taken over by the next request", async () => {
    const app = newApp();
    const before = await answered(app);
    await settled(app);
    const time = vi.spyOn(performance, "now");
    vi.spyOn(scheduler, "wait").mockReturnValueOnce(new Promise(() => undefined));
    await app.send("/mine", {}, mine("one"));
    const rest = app.deferred.splice(0).length;
    expect(rest).toBe(2);
    await app.send("/mine", {}, mine("one"));
    expect(app.deferred.length).toBe(0);
    time.mockReturnValue(performance.now() + 11_000);
    await app.send("/mine", {}, mine("one"));
    expect(app.deferred.length).toBe(1);
    await settled(app);
    vi.restoreAllMocks();
    expect((await answered(app)) - before).toBe(3);
  });

  it("does not happen while the metrics object does not answer, and nobody notices", async () => {
    vi.spyOn(console, "warn").mockReturnValue(undefined);
    const app = newApp();
    const reset = () => Promise.reject(new Error("the object was reset"));
    const METRICS = { idFromName: (name: string) => name, get: () => ({ add: reset, collect: reset }) };
    const without = { METRICS } as unknown as Partial<Bindings>;
    expect((await app.send("/mine", without, mine("one"))).status).toBe(204);
    await settled(app);
    const scraped = await app.send("/metrics", without);
    expect([scraped.status, scraped.body.code]).toEqual([503, "SERVICE_UNAVAILABLE"]);
  });
});

describe("the calls of an organization", () => {
  const day = new Date().toISOString().slice(0, 10);

  it("go to its ledger by route and status class; those of nobody go nowhere", async () => {
    const told: [string, readonly AnsweredCalls[]][] = [];
    const app = newApp({
      noteCalls: async (_, organizationId, calls) => void told.push([organizationId, calls]),
    });
    for (let n = 0; n < 3; n++) await app.send("/mine", {}, mine("one"));
    await app.send("/mine", {}, mine("two"));
    await app.send("/mine");
    await app.send("/health");
    await settled(app);
    const call = { day, route: "/mine", statusClass: "2xx" };
    expect(told).toEqual([
      ["one", [{ ...call, count: 3 }]],
      ["two", [{ ...call, count: 1 }]],
    ]);
  });

  it("wait for the next time when the ledger does not answer", async () => {
    vi.spyOn(console, "warn").mockReturnValue(undefined);
    let isDown = true;
    const told: (readonly AnsweredCalls[])[] = [];
    const app = newApp({
      noteCalls: async (_, organizationId, calls) => {
        if (isDown && organizationId === "one") throw new Error("no ledger");
        told.push(calls);
      },
    });
    await app.send("/mine", {}, mine("one"));
    await app.send("/mine", {}, mine("two"));
    await settled(app);
    expect(told.length).toBe(1);
    isDown = false;
    await app.send("/mine", {}, mine("one"));
    await settled(app);
    expect(told.at(-1)).toEqual([{ day, route: "/mine", statusClass: "2xx", count: 2 }]);
  });
});
