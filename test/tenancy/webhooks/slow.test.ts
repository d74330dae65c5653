/** A receiver that takes long holds up nobody but itself. */
import { createExecutionContext, createMessageBatch, waitOnExecutionContext } from "cloudflare:test";
import { afterEach, beforeEach, expect, it } from "vitest";
import worker from "../../../src/worker.ts";
import { unique } from "../../support/api.ts";
import {
  advance,
  bindings,
  deliveriesOf,
  giveBack,
  happen,
  newReceiver,
  newTenant,
  queueName,
  runCron,
  runQueue,
  subscribe,
  takeMessages,
  takeOver,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

/** A receiver that answers when the test says so. */
function newHeldReceiver() {
  const held: (() => void)[] = [];
  const receiver = newReceiver(() => new Promise((resolve) => void held.push(() => resolve(new Response("at last")))));
  return {
    receiver,
    underWay: () => held.length,
    release: () => {
      for (const answer of held.splice(0)) answer();
    },
  };
}

/** Hands a batch over; answers with how long the queue waited for it, and with its end. */
async function timed(bodies: readonly unknown[]) {
  const execution = createExecutionContext();
  const messages = bodies.map((body) => ({ id: unique("message"), timestamp: new Date(), attempts: 1, body }));
  const startMs = performance.now();
  await worker.queue(createMessageBatch(queueName, messages), bindings, execution);
  return { waitedMs: performance.now() - startMs, ended: () => waitOnExecutionContext(execution) };
}

it("a batch waits two seconds for it, later ones not at all, and it gets five requests at once", async () => {
  const [slowTenant, tenant] = [await newTenant(), await newTenant()];
  const { receiver, release, underWay } = newHeldReceiver();
  const healthy = newReceiver();
  const slow = await subscribe(slowTenant, receiver);
  await subscribe(tenant, healthy);

  await happen(slowTenant);
  await happen(tenant);
  const first = await timed(takeMessages());
  expect(first.waitedMs).toBeGreaterThan(1_900);
  expect(first.waitedMs).toBeLessThan(5_000);
  expect(healthy.received.length).toBe(1);

  const batches = [];
  for (let count = 0; count < 7; count++) {
    await happen(slowTenant);
    await happen(tenant);
    batches.push(await timed(takeMessages()));
  }
  for (const { waitedMs } of batches) expect(waitedMs).toBeLessThan(1_500);
  expect(healthy.received.length).toBe(8);
  expect(underWay()).toBe(5);

  // Each answer makes room for the next one.
  release();
  for (const { ended } of [first, ...batches]) await ended();
  const rest = runQueue();
  await expect.poll(underWay).toBe(3);
  release();
  await rest;
  expect((await deliveriesOf(slowTenant, slow)).map(({ status }) => status)).toEqual(Array(8).fill("delivered"));
});

it("once it answers fast it counts as every other", async () => {
  const tenant = await newTenant();
  const { receiver, release } = newHeldReceiver();
  const webhook = await subscribe(tenant, receiver);
  await happen(tenant);
  const batch = await timed(takeMessages());
  release();
  await batch.ended();
  takeMessages();
  const slowUntil = async () =>
    (
      await bindings.DB.prepare("SELECT slow_until AS until FROM webhook_subscriptions WHERE id = ?")
        .bind(webhook.id)
        .first<{ until: number }>()
    )?.until;
  expect(await slowUntil()).toBe(Date.now() + 60_000);
  receiver.behave = () => new Response();
  await happen(tenant);
  await runQueue();
  expect(await slowUntil()).toBe(0);
});

it("what is left when its requests end is found by the sweep", async () => {
  const tenant = await newTenant();
  const receiver = newReceiver();
  await subscribe(tenant, receiver);
  await bindings.DB.prepare("UPDATE webhook_subscriptions SET slow_until = ?")
    .bind(Date.now() + 60_000)
    .run();
  for (let count = 0; count < 12; count++) await happen(tenant);
  takeMessages();
  advance(30_000);
  await runCron();
  await runQueue();
  expect(receiver.received.length).toBe(12);
});
