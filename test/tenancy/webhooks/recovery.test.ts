/** What goes wrong on our own side: lost and undeliverable messages, a Worker that ends in the middle, a database that is down. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newClient, tokenFor } from "../../support/api.ts";
import {
  advance,
  bindings,
  deadLetterQueueName,
  deliveriesOf,
  giveBack,
  handOver,
  happen,
  newReceiver,
  newTenant,
  runCron,
  runQueue,
  subscribe,
  takeMessages,
  takeOver,
  waiting,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

const minute = 60_000;

it("a message that was lost: the sweep sends the delivery within a minute and a half", async () => {
  const tenant = await newTenant();
  const receiver = newReceiver();
  await subscribe(tenant, receiver);
  for (let count = 0; count < 30; count++) await happen(tenant);
  takeMessages();
  await runCron();
  expect(waiting()).toEqual([]);
  advance(20_000);
  await runCron();
  await runQueue();
  expect(receiver.received.length).toBe(30);
  advance(minute);
  await runCron();
  expect(waiting()).toEqual([]);
});

it("a queue that takes nothing: the change stands, and the delivery follows", async () => {
  const tenant = await newTenant();
  const receiver = newReceiver();
  await subscribe(tenant, receiver);
  const queue = Object.getPrototypeOf(bindings.WEBHOOK_QUEUE);
  vi.spyOn(queue, "sendBatch").mockRejectedValueOnce(new Error("Queue is overloaded"));
  await happen(tenant);
  expect(waiting()).toEqual([]);
  advance(minute);
  await runCron();
  await runQueue();
  expect(receiver.received.length).toBe(1);
});

it("a ledger whose word to the queue is lost: the outbox is relayed by the sweep", async () => {
  const tenant = await newTenant();
  const receiver = newReceiver();
  await subscribe(tenant, receiver, { events: ["token.issued"] });
  const agent = await newClient(await tenant.token());
  await tokenFor(agent);
  const queue = Object.getPrototypeOf(bindings.WEBHOOK_QUEUE);
  vi.spyOn(queue, "send").mockRejectedValue(new Error("Queue is overloaded"));
  const ledger = bindings.ORG_LEDGER.get(bindings.ORG_LEDGER.idFromName(tenant.organizationId));
  await (ledger as unknown as { flush(): Promise<unknown> }).flush();
  expect(waiting()).toEqual([]);
  await runCron();
  await runQueue();
  expect(receiver.received.length).toBe(1);
});

it("the ledger by itself hands tokens on, seconds after they were issued", async () => {
  const tenant = await newTenant();
  const receiver = newReceiver();
  await subscribe(tenant, receiver, { events: ["token.issued"] });
  await tokenFor(await newClient(await tenant.token()));
  // Its alarm goes by the real clock.
  await expect.poll(() => waiting().length, { timeout: 15_000 }).toBe(1);
  await runQueue();
  expect(receiver.received.length).toBe(1);
});

it("a Worker that ends between the request and its outcome: the delivery is made again, no sooner than after half a minute", async () => {
  const tenant = await newTenant();
  const receiver = newReceiver();
  const webhook = await subscribe(tenant, receiver);
  await happen(tenant);
  // What the claim of an attempt leaves behind whose Worker is gone.
  await bindings.DB.prepare("UPDATE webhook_deliveries SET claimed_until = ?1, due_at = ?1 WHERE subscription_id = ?2")
    .bind(Date.now() + 30_000, webhook.id)
    .run();
  const [message] = takeMessages();
  await handOver([message]);
  await runCron();
  await runQueue();
  expect(receiver.received.length).toBe(0);
  advance(minute);
  await runCron();
  await runQueue();
  expect(receiver.received.length).toBe(1);
  expect(await deliveriesOf(tenant, webhook)).toMatchObject([{ status: "delivered", attempt_count: 1 }]);
});

it("a database that is down: the batch fails, so that the queue hands it over again", async () => {
  const tenant = await newTenant();
  const receiver = newReceiver();
  await subscribe(tenant, receiver);
  await happen(tenant);
  const messages = takeMessages();
  const database = Object.getPrototypeOf(bindings.DB);
  vi.spyOn(database, "batch").mockRejectedValueOnce(new Error("D1_ERROR: Network connection lost."));
  await expect(handOver(messages)).rejects.toThrow("D1_ERROR");
  expect(receiver.received.length).toBe(0);
  await handOver(messages);
  expect(receiver.received.length).toBe(1);
});

/** The next batch about deliveries fails. Those of others, such as of a ledger that brings its events to D1, go on. */
function failNextOutcome(): void {
  const database = Object.getPrototypeOf(bindings.DB);
  const batch: (this: D1Database, statements: { statement: string }[]) => Promise<unknown> = database.batch;
  const spy = vi.spyOn(database, "batch").mockImplementation(function (this: D1Database, ...[statements]: unknown[]) {
    const given = statements as { statement: string }[];
    if (!given.some(({ statement }) => statement.includes("webhook_deliveries"))) return batch.call(this, given);
    spy.mockRestore();
    return Promise.reject(new Error("D1_ERROR: Network connection lost."));
  });
}

it("an outcome that cannot be written: the receiver gets the event again, under the same id", async () => {
  const tenant = await newTenant();
  let broken = false;
  const receiver = newReceiver(() => {
    if (!broken) failNextOutcome();
    broken = true;
    return new Response();
  });
  const webhook = await subscribe(tenant, receiver);
  await happen(tenant);
  await runQueue();
  expect(await deliveriesOf(tenant, webhook)).toMatchObject([{ status: "pending", attempt_count: 0 }]);
  advance(minute);
  await runCron();
  await runQueue();
  expect(await deliveriesOf(tenant, webhook)).toMatchObject([{ status: "delivered", attempt_count: 1 }]);
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(receiver.received.length).toBe(2);
});

describe("the dead-letter queue", () => {
  it("sets what it gets going again", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    await subscribe(tenant, receiver);
    await happen(tenant);
    await happen(tenant);
    const messages = takeMessages();
    await handOver([...messages, { nonsense: true }], deadLetterQueueName);
    expect(receiver.received.length).toBe(0);
    advance(minute);
    await runQueue();
    expect(receiver.received.length).toBe(2);
    await handOver(messages, deadLetterQueueName);
    expect(waiting()).toEqual([]);
  });

  it("keeps its messages while the database is down", async () => {
    const tenant = await newTenant();
    await subscribe(tenant, newReceiver());
    await happen(tenant);
    const messages = takeMessages();
    const database = Object.getPrototypeOf(bindings.DB);
    vi.spyOn(database, "prepare").mockImplementationOnce(() => {
      throw new Error("D1_ERROR: Network connection lost.");
    });
    await expect(handOver(messages, deadLetterQueueName)).rejects.toThrow();
  });
});
