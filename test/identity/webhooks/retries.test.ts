/** What happens when a receiver does not take a delivery. The test drives the queue and the clock. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Body } from "../../support/api.ts";
import {
  advance,
  type Behavior,
  bindings,
  deliveriesOf,
  eventsOf,
  giveBack,
  handOver,
  happen,
  newReceiver,
  newTenant,
  patch,
  read,
  runCron,
  runNext,
  runQueue,
  subscribe,
  type Tenant,
  takeMessages,
  takeOver,
  waiting,
} from "./support.ts";

beforeEach(takeOver);
afterEach(giveBack);

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const schedule = [10 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute, hour, 2 * hour, 4 * hour, 8 * hour];

const failWith =
  (status: number, headers: Record<string, string> = {}): Behavior =>
  () =>
    new Response("not now", { status, headers });

/** An organization with one webhook and one event on its way. */
async function underWay(behave: Behavior) {
  const tenant = await newTenant();
  const receiver = newReceiver(behave);
  const webhook = await subscribe(tenant, receiver);
  await happen(tenant);
  const delivery = async (): Promise<Body> => (await deliveriesOf(tenant, webhook))[0];
  return { tenant, receiver, webhook, delivery };
}

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
      /Network connection lost/,
    ],
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

describe("410", () => {
  it("disables the webhook at once, and the audit log says so", async () => {
    const { tenant, webhook, delivery, receiver } = await underWay(failWith(410));
    await happen(tenant);
    await runQueue();
    expect(await delivery()).toMatchObject({ status: "dead_letter", attempt_count: 1, http_status_code: 410 });
    expect(await read(tenant, webhook)).toMatchObject({ active: false });
    const events = await eventsOf(tenant, "webhook.disabled");
    expect(events).toMatchObject([
      { target: webhook.id, outcome: "success", details: { reason: "gone" }, actor: { agentId: null } },
    ]);
    const had = receiver.received.length;
    await happen(tenant);
    await runQueue();
    expect(receiver.received.length).toBe(had);
  });
});

/** Lets a delivery run out of attempts. */
async function giveUp(tenant: Tenant) {
  await happen(tenant);
  await runQueue();
  for (const _ of schedule) await runNext();
}

describe("5 dead letters in a row", () => {
  it("disable the webhook, the audit log says so, and `active: true` begins anew", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver(failWith(500));
    const webhook = await subscribe(tenant, receiver);
    for (const count of [1, 2, 3, 4]) {
      await giveUp(tenant);
      expect(await read(tenant, webhook)).toMatchObject({ active: true, failure_count: count });
    }
    await giveUp(tenant);
    expect(await read(tenant, webhook)).toMatchObject({ active: false, failure_count: 5 });
    const events = await eventsOf(tenant, "webhook.disabled");
    expect(events).toMatchObject([{ target: webhook.id, details: { reason: "dead_letters" } }]);
    const had = receiver.received.length;
    await happen(tenant);
    await runQueue();
    expect(receiver.received.length).toBe(had);

    receiver.behave = () => new Response();
    expect((await patch(tenant, webhook, { active: true })).body).toMatchObject({ active: true, failure_count: 0 });
    await happen(tenant);
    await runQueue();
    expect(receiver.received.length).toBe(had + 1);
  }, 60_000);

  it("that are not in a row disable nothing: a success between them counts from 0", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver(failWith(500));
    const webhook = await subscribe(tenant, receiver);
    for (let count = 0; count < 3; count++) await giveUp(tenant);
    receiver.behave = () => new Response();
    await happen(tenant);
    await runQueue();
    expect(await read(tenant, webhook)).toMatchObject({ active: true, failure_count: 0 });
    receiver.behave = failWith(500);
    for (let count = 0; count < 3; count++) await giveUp(tenant);
    expect(await read(tenant, webhook)).toMatchObject({ active: true, failure_count: 3 });
  }, 60_000);
});

describe("a message", () => {
  it("that comes twice, or early, or late counts once", async () => {
    const { delivery, receiver } = await underWay(failWith(500));
    const [message] = takeMessages();
    await handOver([message, message]);
    expect(receiver.received.length).toBe(1);
    await handOver([message]);
    advance(5 * second);
    await handOver([message]);
    expect([receiver.received.length, (await delivery()).attempt_count]).toEqual([1, 1]);
    await runNext();
    await handOver([message]);
    expect([receiver.received.length, (await delivery()).attempt_count]).toEqual([2, 2]);
  });

  it("that two instances handle at the same time leads to one attempt", async () => {
    const { delivery, receiver } = await underWay(() => new Response());
    const [message] = takeMessages();
    await Promise.all([handOver([message]), handOver([message]), handOver([message])]);
    expect(receiver.received.length).toBe(1);
    expect(await delivery()).toMatchObject({ status: "delivered", attempt_count: 1 });
  });

  it.each([
    null,
    {},
    "text",
    { deliveryId: "not-an-id" },
    { deliveryId: crypto.randomUUID() },
    { subscriptionId: crypto.randomUUID() },
    { relay: crypto.randomUUID() },
  ])("%j, which leads nowhere, stops nobody", async (body) => {
    const { receiver } = await underWay(() => new Response());
    await handOver([body, ...takeMessages()]);
    expect(receiver.received.length).toBe(1);
  });
});

it("keeps 1 KiB of an answer, as text", async () => {
  const bytes = new Uint8Array(1024 * 1024).fill(0xe2);
  bytes.set(new TextEncoder().encode("\0<script>€"));
  const { delivery } = await underWay(() => new Response(bytes));
  await runQueue();
  const { status, response_body } = await delivery();
  expect(status).toBe("delivered");
  expect(response_body.startsWith("\ufffd<script>€")).toBe(true);
  expect(response_body.isWellFormed()).toBe(true);
  expect(new TextEncoder().encode(response_body.replaceAll("\ufffd", "?")).length).toBeLessThanOrEqual(1024);
});

it("finished deliveries are forgotten after 30 days, others never", async () => {
  const { tenant, webhook } = await underWay(() => new Response());
  await runQueue();
  const paused = await subscribe(tenant, newReceiver());
  await happen(tenant);
  await patch(tenant, paused, { active: false });
  await runQueue();
  advance(29 * 24 * hour);
  await runCron();
  expect((await deliveriesOf(tenant, webhook)).length).toBe(2);
  advance(25 * hour);
  await runCron();
  const { results } = await bindings.DB.prepare("SELECT status FROM webhook_deliveries WHERE subscription_id IN (?, ?)")
    .bind(webhook.id, paused.id)
    .all();
  expect(results).toEqual([{ status: "pending" }]);
});
