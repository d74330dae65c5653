/** The messages of the queue: lost, doubled, late or early, they cost nothing but time. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  advance,
  bindings,
  deliveriesOf,
  failWith,
  giveBack,
  handOver,
  happen,
  hour,
  newReceiver,
  patch,
  runCron,
  runNext,
  runQueue,
  second,
  subscribe,
  takeMessages,
  takeOver,
  underWay,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

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
