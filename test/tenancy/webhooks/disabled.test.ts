/** When a webhook is disabled: its receiver asks for it, or has not worked for too long. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  eventsOf,
  failWith,
  giveBack,
  happen,
  newReceiver,
  newTenant,
  patch,
  read,
  runNext,
  runQueue,
  schedule,
  subscribe,
  type Tenant,
  takeOver,
  underWay,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

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
