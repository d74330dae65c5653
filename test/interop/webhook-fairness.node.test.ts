/** 1,000 events to 20 subscribers, one of them dead and one slow: the other 18 get all of theirs without waiting for them. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Admin, agentFields, newOrganization, send, setUp, tokenFor } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import { accept, after, type Receiver, silence, startReceiver } from "./webhook-receiver.ts";

const events = 1_000;
const healthy = 18;
/** As many requests at once as a busy tenant makes. */
const width = 20;
const slowAnswerMs = 3_000;

let worker: WorkerProcess;
let organization: Admin;
let receivers: Receiver[];
let dead: Receiver;
let slow: Receiver;

const scope = "agents:read agents:write webhooks:read webhooks:write";

beforeAll(async () => {
  worker = await newWorkerProcess();
  await worker.start();
  const admin = await newOrganization(worker.issuer, await setUp(worker.issuer));
  organization = { ...admin, token: await tokenFor(worker.issuer, admin, { scope }) };
  receivers = await Promise.all(Array.from({ length: healthy }, () => startReceiver(accept)));
  [dead, slow] = await Promise.all([startReceiver(silence), startReceiver(after(slowAnswerMs))]);
});

afterAll(async () => {
  await Promise.all([...(receivers ?? []), dead, slow].map((receiver) => receiver?.close()));
  await worker?.stop();
});

it("the healthy ones wait for nobody", async () => {
  for (const { url } of [dead, slow, ...receivers]) {
    const json = { name: url, url, events: ["agent.created"] };
    const answer = await send(worker.issuer, "/api/v1/webhooks", { token: organization.token, json });
    expect(answer.status, answer.text).toBe(201);
  }

  const startedMs = Date.now();
  let made = 0;
  const create = async () => {
    while (made++ < events) {
      const answer = await send(worker.issuer, "/api/v1/agents", { token: organization.token, json: agentFields() });
      expect(answer.status, answer.text).toBe(201);
    }
  };
  await Promise.all(Array.from({ length: width }, create));

  // Had a batch of the queue waited for each request to the dead one, this would take 10,000 seconds.
  await expect
    .poll(() => receivers.map((receiver) => receiver.eventIds().size), { timeout: 540_000, interval: 500 })
    .toStrictEqual(receivers.map(() => events));
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  console.log(
    `${events} events at ${healthy} healthy receivers after ${seconds} s; ` +
      `meanwhile ${dead.received.length} requests to the dead one, ${slow.eventIds().size} events at the slow one.`,
  );
  // They are not given up either: the dead one is tried, the slow one gets what it has time for.
  expect(dead.received.length).toBeGreaterThan(5);
  expect(slow.eventIds().size).toBeGreaterThan(5);
}, 600_000);
