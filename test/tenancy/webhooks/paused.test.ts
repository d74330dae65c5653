/** A paused webhook: it is told nothing, and loses nothing. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  advance,
  deliveriesOf,
  giveBack,
  happen,
  newReceiver,
  newTenant,
  patch,
  runCron,
  runNext,
  runQueue,
  subscribe,
  takeOver,
  waiting,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

const failing = () => new Response("no", { status: 500 });

describe("a paused webhook", () => {
  it("is told nothing, and what was on its way goes on when it is resumed", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver(failing);
    const webhook = await subscribe(tenant, receiver);
    await happen(tenant);
    await runQueue();
    advance(1);
    await happen(tenant);
    await patch(tenant, webhook, { active: false });
    await happen(tenant);
    for (let round = 0; round < 5; round++) {
      advance(3_600_000);
      await runQueue();
      await runCron();
    }
    expect(receiver.received.length).toBe(1);
    expect(waiting()).toEqual([]);
    expect((await deliveriesOf(tenant, webhook)).map(({ status, attempt_count }) => [status, attempt_count])).toEqual([
      ["failed", 1],
      ["pending", 0],
    ]);

    receiver.behave = () => new Response();
    await patch(tenant, webhook, { active: true });
    await runQueue();
    expect((await deliveriesOf(tenant, webhook)).map(({ status, attempt_count }) => [status, attempt_count])).toEqual([
      ["delivered", 2],
      ["delivered", 1],
    ]);
    expect(receiver.received.length).toBe(3);
  });

  it("that is paused during an attempt keeps what comes of it", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver(async () => {
      await patch(tenant, webhook, { active: false });
      return failing();
    });
    const webhook = await subscribe(tenant, receiver);
    await happen(tenant);
    await runQueue();
    await runNext();
    expect(receiver.received.length).toBe(1);
    expect(await deliveriesOf(tenant, webhook)).toMatchObject([{ status: "failed", attempt_count: 1 }]);
  });

  it("is sent to its new address when that has changed meanwhile", async () => {
    const tenant = await newTenant();
    const [before, after] = [newReceiver(), newReceiver()];
    const webhook = await subscribe(tenant, before);
    await happen(tenant);
    await patch(tenant, webhook, { url: after.url });
    await runQueue();
    expect([before.received.length, after.received.length]).toEqual([0, 1]);
  });
});
