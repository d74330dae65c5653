/**
 * The Worker is killed in the middle of changes and of deliveries, and started again on the same data. Its queue dies with
 * it here, which real Queues do not: every event arrives at least once all the same.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type Admin,
  agentFields,
  newOrganization,
  requestToken,
  send,
  setUp,
  tokenFor,
} from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import { accept, type Receiver, silence, startReceiver } from "./_webhook-receiver.ts";

const width = 20;
const scope = "agents:read agents:write audit:read webhooks:read webhooks:write admin:orgs";

let worker: WorkerProcess;
let tenant: Admin;
let receiver: Receiver;

beforeAll(async () => {
  worker = await newWorkerProcess();
  await worker.start();
  const admin = await newOrganization(worker.issuer, await setUp(worker.issuer));
  tenant = { ...admin, token: await tokenFor(worker.issuer, admin, { scope }) };
  receiver = await startReceiver(accept);
  const json = { name: "A receiver", url: receiver.url, events: ["agent.created", "token.issued"] };
  const answer = await send(worker.issuer, "/api/v1/webhooks", { token: tenant.token, json });
  expect(answer.status, answer.text).toBe(201);
});

afterAll(async () => {
  await receiver?.close();
  await worker?.stop();
});

/** Registers agents and gets tokens until the Worker is killed. Answers with how many changes were acknowledged. */
async function changeUntilKilled(killAfter: number): Promise<number> {
  let acknowledged = 0;
  let killed: Promise<void> | null = null;
  const work = async (index: number) => {
    while (!killed) {
      const change =
        index % 4 === 0
          ? requestToken(worker.issuer, tenant)
          : send(worker.issuer, "/api/v1/agents", { token: tenant.token, json: agentFields() });
      // The kill breaks the connections of the requests that are under way.
      const answer = await change.catch(() => null);
      if (answer) {
        expect([200, 201], answer.text).toContain(answer.status);
        acknowledged++;
      }
      if (acknowledged >= killAfter) killed ??= worker.kill();
    }
  };
  await Promise.all(Array.from({ length: width }, (_, index) => work(index)));
  await killed;
  return acknowledged;
}

/** The events that must have arrived: those of the audit log since the webhook was made. */
async function lacking(): Promise<string[]> {
  const rows = await worker.query<{ id: string }>(
    `SELECT event_id AS id FROM audit_events WHERE organization_id = ? AND action IN ('agent.created', 'token.issued')
       AND timestamp >= (SELECT created_at FROM webhook_subscriptions)`,
    tenant.organizationId,
  );
  const arrived = receiver.eventIds();
  return rows.map(({ id }) => id).filter((id) => !arrived.has(id));
}

/** Waits as an operator would: the cron trigger runs, here more often than every minute. */
async function settle(): Promise<void> {
  await send(worker.issuer, "/api/v1/audit?limit=1", { token: tenant.token });
  const deadlineMs = Date.now() + 150_000;
  while (Date.now() < deadlineMs) {
    await worker.runCron();
    const open = await worker.query("SELECT id FROM webhook_deliveries WHERE due_at IS NOT NULL LIMIT 1");
    if (open.length === 0 && (await lacking()).length === 0) return;
    await sleep(3_000);
  }
}

const agentsWithoutDelivery = `SELECT agents.id FROM agents WHERE organization_id = ?
  AND created_at >= (SELECT created_at FROM webhook_subscriptions)
  AND id NOT IN (SELECT payload ->> '$.data.agentId' FROM webhook_deliveries WHERE event_type = 'agent.created')`;

/** How much is on its way as the Worker left it. */
async function leftBehind() {
  const [left] = await worker.query<{ events: number; deliveries: number }>(
    `SELECT (SELECT count(*) FROM outbox) AS events,
       (SELECT count(*) FROM webhook_deliveries WHERE due_at IS NOT NULL) AS deliveries`,
  );
  return left ?? { events: 0, deliveries: 0 };
}

async function expectNothingLost(): Promise<void> {
  expect(await lacking()).toStrictEqual([]);
  expect(await worker.query(agentsWithoutDelivery, tenant.organizationId)).toStrictEqual([]);
  expect(await leftBehind()).toStrictEqual({ events: 0, deliveries: 0 });
}

it("between changes and their events", { timeout: 300_000 }, async () => {
  // That moment is too short to be hit by chance: here no event gets past it.
  await worker.query(
    "CREATE TRIGGER held BEFORE INSERT ON webhook_deliveries BEGIN SELECT RAISE(ABORT, 'held by the test'); END",
  );
  const acknowledged = await changeUntilKilled(40);
  await worker.start();
  await worker.query("DROP TRIGGER held");
  const left = await leftBehind();
  console.log(`Killed after ${acknowledged} changes: ${left.events} events had no delivery yet.`);
  expect(left.events).toBeGreaterThan(10);
  expect(receiver.received.length).toBe(0);
  await settle();
  await expectNothingLost();
});

it("at any moment", { timeout: 300_000 }, async () => {
  const acknowledged = await changeUntilKilled(60 + Math.floor(Math.random() * 60));
  await worker.start();
  const left = await leftBehind();
  console.log(
    `Killed after ${acknowledged} changes: ${left.events} events, ${left.deliveries} deliveries on their way.`,
  );
  await settle();
  await expectNothingLost();
});

it("in the middle of a batch of deliveries", { timeout: 300_000 }, async () => {
  receiver.behave = silence;
  const had = receiver.received.length;
  const create = () => send(worker.issuer, "/api/v1/agents", { token: tenant.token, json: agentFields() });
  for (const answer of await Promise.all(Array.from({ length: 12 }, create))) expect(answer.status).toBe(201);
  await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBeGreaterThan(had + 1);
  await worker.kill();
  receiver.received.length = had;
  receiver.behave = accept;
  await worker.start();
  expect((await leftBehind()).deliveries).toBeGreaterThan(1);
  await settle();
  await expectNothingLost();
});
