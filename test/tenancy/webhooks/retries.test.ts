/** What happens when a receiver does not take a delivery. The test drives the queue and the clock. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Behavior,
  deliveriesOf,
  failWith,
  giveBack,
  happen,
  hour,
  minute,
  read,
  runNext,
  runQueue,
  schedule,
  second,
  takeOver,
  underWay,
  waiting,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

const within = (pause: number, scheduled: number) => {
  expect(pause).toBeGreaterThanOrEqual(scheduled * 0.8);
  // Queues counts in whole seconds.
  expect(pause).toBeLessThanOrEqual(scheduled * 1.2 + second);
};

describe("a receiver that never works", () => {
  it("is tried 10 times on the schedule, with jitter, and then given up", async () => {
    const { receiver, webhook, tenant, delivery } = await underWay(failWith(500));
    const before = await delivery();
    expect(before).toMatchObject({ status: "pending", attempt_count: 0, http_status_code: null, next_retry_at: null });
    await runQueue();
    for (const [index, scheduled] of schedule.entries()) {
      const failed = await delivery();
      expect(failed).toMatchObject({
        status: "failed",
        attempt_count: index + 1,
        http_status_code: 500,
        response_body: "not now",
        error: "answered 500",
        delivered_at: null,
      });
      within(Date.parse(failed.next_retry_at) - Date.now(), scheduled);
      within((await runNext()) ?? 0, scheduled);
      expect(receiver.received.length).toBe(index + 2);
    }
    const end = await delivery();
    expect(end).toEqual({
      ...before,
      status: "dead_letter",
      attempt_count: 10,
      http_status_code: 500,
      response_body: "not now",
      error: "answered 500",
      next_retry_at: null,
      updated_at: end.updated_at,
    });
    expect(waiting()).toEqual([]);
    expect(await read(tenant, webhook)).toMatchObject({ active: true, failure_count: 1 });
    // Each attempt carried the same message, and was signed anew.
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-signature"])).size).toBe(10);
  });

  it("the pauses of different deliveries differ", async () => {
    const { tenant, webhook } = await underWay(failWith(500));
    for (let more = 0; more < 9; more++) await happen(tenant);
    await runQueue();
    const retries = (await deliveriesOf(tenant, webhook)).map(({ next_retry_at }) => next_retry_at);
    expect(new Set(retries).size).toBeGreaterThan(5);
  });
});

describe("a receiver that fails and then works gets the event", () => {
  it.each<[string, Behavior, number | null, RegExp]>([
    ["500", failWith(500), 500, /^answered 500$/],
    ["404", failWith(404), 404, /^answered 404$/],
    [
      "a redirect, which is not followed",
      failWith(302, { Location: "https://hooks.example.com/" }),
      302,
      /redirects are not followed/,
    ],
    ["304", () => new Response(null, { status: 304 }), 304, /^answered 304$/],
    [
      "no connection",
      () => {
        throw new TypeError("Network connection lost.");
      },
      null,
      /^could not connect, or no HTTP response: the connection was refused or closed$/,
    ],
    [
      "a fault that the runtime does not name",
      () => {
        throw new Error("internal error; reference = h3l2begntu297fcfjk06jti7");
      },
      null,
      /^could not connect: probably the certificate was not accepted, or the TLS handshake failed$|^could not connect: probably the host name has no address, its certificate was not accepted, or the TLS handshake failed$/,
    ],
    [
      "526 of Cloudflare",
      failWith(526, { Server: "cloudflare" }),
      526,
      /^answered 526 \(by Cloudflare: the certificate is not valid\)$/,
    ],
    ["526 of another server", failWith(526), 526, /^answered 526$/],
  ])("%s", async (_, badly, code, error) => {
    let failures = 3;
    const { delivery, receiver } = await underWay((delivered) =>
      failures-- > 0 ? badly(delivered) : new Response("thanks", { status: 202 }),
    );
    await runQueue();
    expect(await delivery()).toMatchObject({
      status: "failed",
      http_status_code: code,
      error: expect.stringMatching(error),
    });
    await runNext();
    await runNext();
    expect((await delivery()).attempt_count).toBe(3);
    await runNext();
    expect(await delivery()).toMatchObject({
      status: "delivered",
      attempt_count: 4,
      http_status_code: 202,
      response_body: "thanks",
      error: null,
      next_retry_at: null,
      delivered_at: new Date().toISOString(),
    });
    expect(receiver.received.length).toBe(4);
    expect(await runNext()).toBe(null);
  });
});

describe("Retry-After", () => {
  const pauseAfter = async (behave: Behavior) => {
    const { delivery } = await underWay(behave);
    await runQueue();
    const retryAtMs = Date.parse((await delivery()).next_retry_at);
    const pause = retryAtMs - Date.now();
    const waited = await runNext();
    expect(waited).toBeGreaterThanOrEqual(pause);
    return pause;
  };

  it("in seconds is obeyed", async () => {
    expect(await pauseAfter(failWith(503, { "Retry-After": "120" }))).toBe(2 * minute);
  });

  it("as a date is obeyed", async () => {
    const pause = await pauseAfter(() =>
      failWith(429, { "Retry-After": new Date(Date.now() + hour).toUTCString() })({} as never),
    );
    expect(Math.abs(pause - hour)).toBeLessThan(second);
  });

  it("is obeyed up to 8 hours", async () => {
    expect(await pauseAfter(failWith(503, { "Retry-After": "864000" }))).toBe(8 * hour);
  });

  it.each(["0", "1", "soon", "-5", "1e9", "", "Thu, 01 Jan 1970 00:00:00 GMT"])(
    "%j shortens no pause",
    async (header) => {
      within(await pauseAfter(failWith(503, { "Retry-After": header })), 10 * second);
    },
  );
});
