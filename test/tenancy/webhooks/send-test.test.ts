/** Sending a test: a delivery like any other, at once and once. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  deliveriesOf,
  giveBack,
  newReceiver,
  newTenant,
  post,
  read,
  subscribe,
  takeOver,
  waiting,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

describe("test", () => {
  it("sends webhook.test at once, signed as every delivery, and answers with what came of it", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const webhook = await subscribe(tenant, receiver);
    const answer = await post(tenant, webhook, "test");
    expect(answer.status, answer.text).toBe(200);
    const [delivered] = receiver.received;
    expect(delivered?.headers).toMatchObject({
      "x-sentryagent-event": "webhook.test",
      "webhook-id": answer.body.payload.id,
      "x-sentryagent-signature": expect.stringMatching(/^sha256=[0-9a-f]{64}$/),
    });
    expect(JSON.parse(delivered!.body)).toEqual(answer.body.payload);
    expect(answer.body).toMatchObject({
      subscription_id: webhook.id,
      event_type: "webhook.test",
      payload: {
        event: "webhook.test",
        organization_id: tenant.organizationId,
        data: { webhookId: webhook.id, message: "This is a test. Nothing has happened." },
      },
      status: "delivered",
      attempt_count: 1,
      http_status_code: 200,
      response_body: "thanks",
    });
    expect(await deliveriesOf(tenant, webhook)).toEqual([answer.body]);
    expect(waiting()).toEqual([]);
  });

  it("that fails is tried once, says why, and counts for nothing", async () => {
    const tenant = await newTenant();
    const webhook = await subscribe(
      tenant,
      newReceiver(() => new Response("gone", { status: 410 })),
    );
    for (let count = 0; count < 6; count++) {
      expect((await post(tenant, webhook, "test")).body).toMatchObject({
        status: "dead_letter",
        attempt_count: 1,
        http_status_code: 410,
        response_body: "gone",
        error: "answered 410",
        next_retry_at: null,
      });
    }
    expect(await read(tenant, webhook)).toMatchObject({ active: true, failure_count: 0 });
    expect(waiting()).toEqual([]);
  });

  it("goes to a paused webhook too", async () => {
    const tenant = await newTenant();
    const webhook = await subscribe(tenant, newReceiver(), { active: false });
    expect((await post(tenant, webhook, "test")).body.status).toBe("delivered");
  });
});
