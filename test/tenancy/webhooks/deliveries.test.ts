/** Deliveries: seeing what became of them, and sending one again. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call } from "../../support/api.ts";
import {
  advance,
  bindings,
  deliveriesOf,
  giveBack,
  happen,
  newReceiver,
  newTenant,
  pathOf,
  post,
  read,
  runNext,
  runQueue,
  sharedTenant,
  subscribe,
  takeOver,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

const failing = () => new Response("no", { status: 500 });

describe("list", () => {
  const shared = sharedTenant();

  it("has a record for each, newest first, with limit, offset and total", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const webhook = await subscribe(tenant, receiver);
    const agents: string[] = [];
    for (let count = 0; count < 5; count++) {
      advance(1000);
      agents.unshift((await happen(tenant)).agentId);
    }
    await runQueue();
    const list = async (query: string) =>
      (await call(`${pathOf(webhook)}/deliveries${query}`, { token: await tenant.token() })).body;
    const all = await list("");
    expect(Object.keys(all)).toEqual(["deliveries", "total", "limit", "offset"]);
    expect([all.total, all.limit, all.offset]).toEqual([5, 20, 0]);
    expect(
      all.deliveries.map(({ payload }: { payload: { data: { agentId: string } } }) => payload.data.agentId),
    ).toEqual(agents);
    const [newest] = all.deliveries;
    expect(newest).toEqual({
      id: newest.id,
      subscription_id: webhook.id,
      event_type: "agent.created",
      payload: JSON.parse(receiver.received.at(-1)!.body),
      status: "delivered",
      http_status_code: 200,
      response_body: "thanks",
      error: null,
      attempt_count: 1,
      next_retry_at: null,
      delivered_at: new Date().toISOString(),
      created_at: new Date().toISOString(),
      updated_at: new Date().toISOString(),
    });
    expect(await list("?limit=2&offset=1")).toEqual({
      deliveries: all.deliveries.slice(1, 3),
      total: 5,
      limit: 2,
      offset: 1,
    });
    expect(await list("?offset=5")).toMatchObject({ deliveries: [], total: 5 });
  });

  it("by status", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const webhook = await subscribe(tenant, receiver);
    await happen(tenant);
    await runQueue();
    receiver.behave = failing;
    await happen(tenant);
    await runQueue();
    receiver.behave = () => new Response(null, { status: 410 });
    await happen(tenant);
    await happen(tenant);
    await runQueue();
    const token = await tenant.token();
    const count = async (status: string) => {
      const { body } = await call(`${pathOf(webhook)}/deliveries?status=${status}`, { token });
      expect(body.deliveries.length).toBe(body.total);
      return body.total;
    };
    const counts = [];
    for (const status of ["delivered", "failed", "dead_letter", "pending"]) counts.push(await count(status));
    expect(counts[0]).toBe(1);
    expect(counts[1]).toBe(1);
    expect(counts[2] + counts[3]).toBe(2);
  });

  it.each(["limit=0", "limit=101", "offset=-1", "offset=x", "offset=9999999", "status=lost"])(
    "refuses %s",
    async (query) => {
      const { tenant, webhook } = await shared();
      const answer = await call(`${pathOf(webhook)}/deliveries?${query}`, { token: await tenant.token() });
      expect([answer.status, answer.body.code]).toEqual([400, "VALIDATION_ERROR"]);
      expect(answer.body.details.issues[0].path).toBe(query.split("=")[0]);
    },
  );
});

describe("one delivery", () => {
  it("has the fields of the list and its attempts, newest first, also those before a redelivery", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver(() => {
      advance(1_250);
      throw new TypeError("Network connection lost.");
    });
    const webhook = await subscribe(tenant, receiver);
    await happen(tenant);
    const [{ id }] = await deliveriesOf(tenant, webhook);
    const one = async () => call(`${pathOf(webhook)}/deliveries/${id}`, { token: await tenant.token() });
    expect((await one()).body).toMatchObject({ id, status: "pending", attempts: [] });
    await runQueue();
    receiver.behave = failing;
    await runNext();
    await post(tenant, webhook, `deliveries/${id}/redeliver`);
    receiver.behave = () => new Response("thanks");
    await runQueue();
    const [delivery] = await deliveriesOf(tenant, webhook);
    const atMs = receiver.received.map((received) => received.atMs);
    const at = (index: number) => new Date(atMs[index]!).toISOString();
    const answer = await one();
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        ...delivery,
        status: "delivered",
        attempt_count: 1,
        attempts: [
          { at: at(2), http_status_code: 200, error: null, duration_ms: 0 },
          { at: at(1), http_status_code: 500, error: "answered 500", duration_ms: 0 },
          {
            at: at(0),
            http_status_code: null,
            error: "could not connect, or no HTTP response: the connection was refused or closed",
            duration_ms: 1_250,
          },
        ],
      },
    ]);
    expect(await post(tenant, webhook, "test")).toMatchObject({ body: { status: "delivered", attempt_count: 1 } });
    const [, test] = await deliveriesOf(tenant, webhook);
    const tested = await call(`${pathOf(webhook)}/deliveries/${test.id}`, { token: await tenant.token() });
    expect(tested.body.attempts).toEqual([
      {
        at: new Date(receiver.received.at(-1)!.atMs).toISOString(),
        http_status_code: 200,
        error: null,
        duration_ms: 0,
      },
    ]);
  });

  it("of another webhook or organization is not found, and its attempts end with the webhook", async () => {
    const [tenant, stranger] = [await newTenant(), await newTenant()];
    const [webhook, sibling] = [await subscribe(tenant, newReceiver()), await subscribe(tenant, newReceiver())];
    await happen(tenant);
    await runQueue();
    const [{ id }] = await deliveriesOf(tenant, webhook);
    const codeOf = async (reader: typeof tenant, of: { id: string }, deliveryId = id) =>
      (await call(`${pathOf(of)}/deliveries/${deliveryId}`, { token: await reader.token() })).body.code;
    expect(await codeOf(tenant, webhook)).toBe(undefined);
    expect(await codeOf(tenant, sibling)).toBe("DELIVERY_NOT_FOUND");
    expect(await codeOf(stranger, webhook)).toBe("WEBHOOK_NOT_FOUND");
    expect(await codeOf(tenant, webhook, crypto.randomUUID())).toBe("DELIVERY_NOT_FOUND");
    expect(await codeOf(tenant, webhook, "x")).toBe("VALIDATION_ERROR");
    const left = async () =>
      (await bindings.DB.prepare("SELECT DISTINCT subscription_id AS id FROM webhook_delivery_attempts").all()).results;
    expect(await left()).toEqual(expect.arrayContaining([{ id: webhook.id }, { id: sibling.id }]));
    expect((await call(pathOf(webhook), { method: "DELETE", token: await tenant.token() })).status).toBe(204);
    expect(await left()).toContainEqual({ id: sibling.id });
    expect(await left()).not.toContainEqual({ id: webhook.id });
  });
});

describe("redeliver", () => {
  it("sends the same body with the same id again, with all attempts before it", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver();
    const webhook = await subscribe(tenant, receiver);
    await happen(tenant);
    await runQueue();
    const [delivery] = await deliveriesOf(tenant, webhook);
    receiver.behave = failing;
    advance(60_000);
    const answer = await post(tenant, webhook, `deliveries/${delivery.id}/redeliver`);
    expect([answer.status, answer.body]).toEqual([
      202,
      {
        ...delivery,
        status: "pending",
        attempt_count: 0,
        http_status_code: null,
        response_body: null,
        delivered_at: null,
        updated_at: answer.body.updated_at,
      },
    ]);
    await runQueue();
    expect(await deliveriesOf(tenant, webhook)).toMatchObject([
      { id: delivery.id, status: "failed", attempt_count: 1 },
    ]);
    receiver.behave = () => new Response();
    await runNext();
    expect(await deliveriesOf(tenant, webhook)).toMatchObject([
      { id: delivery.id, status: "delivered", attempt_count: 2 },
    ]);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  });

  it("brings a dead letter back", async () => {
    const tenant = await newTenant();
    const receiver = newReceiver(failing);
    const webhook = await subscribe(tenant, receiver);
    await happen(tenant);
    while ((await runNext()) !== null);
    const [dead] = await deliveriesOf(tenant, webhook);
    expect(dead.status).toBe("dead_letter");
    receiver.behave = () => new Response();
    await post(tenant, webhook, `deliveries/${dead.id}/redeliver`);
    await runQueue();
    expect(await deliveriesOf(tenant, webhook)).toMatchObject([{ id: dead.id, status: "delivered", attempt_count: 1 }]);
    expect(await read(tenant, webhook)).toMatchObject({ failure_count: 0 });
  });

  it("during an attempt makes another; the one before counts no more", async () => {
    const tenant = await newTenant();
    let once = true;
    const receiver = newReceiver(async () => {
      if (!once) return new Response();
      once = false;
      const [delivery] = await deliveriesOf(tenant, webhook);
      await post(tenant, webhook, `deliveries/${delivery.id}/redeliver`);
      return failing();
    });
    const webhook = await subscribe(tenant, receiver);
    await happen(tenant);
    await runQueue();
    expect(await deliveriesOf(tenant, webhook)).toMatchObject([{ status: "delivered", attempt_count: 1 }]);
  });

  it("of another webhook's delivery finds none", async () => {
    const [tenant, stranger] = [await newTenant(), await newTenant()];
    const [webhook, sibling] = [await subscribe(tenant, newReceiver()), await subscribe(tenant, newReceiver())];
    const foreign = await subscribe(stranger, newReceiver());
    await happen(tenant);
    const [delivery] = await deliveriesOf(tenant, webhook);
    const codeOf = async (...parameters: Parameters<typeof post>) => (await post(...parameters)).body.code;
    const path = `deliveries/${delivery.id}/redeliver`;
    expect(await codeOf(tenant, sibling, path)).toBe("DELIVERY_NOT_FOUND");
    expect(await codeOf(stranger, foreign, path)).toBe("DELIVERY_NOT_FOUND");
    expect(await codeOf(stranger, webhook, path)).toBe("WEBHOOK_NOT_FOUND");
    expect(await codeOf(tenant, webhook, `deliveries/${crypto.randomUUID()}/redeliver`)).toBe("DELIVERY_NOT_FOUND");
  });
});
