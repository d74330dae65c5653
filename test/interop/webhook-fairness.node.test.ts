/** 60 events to 20 subscribers, one of them dead and one slow: the other 18 get all of theirs without waiting for them. */
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { type Admin, agentFields, newOrganization, send, setUp, tokenFor } from "../support/http-client.ts";
import { newWorkerProcess, type WorkerProcess } from "../support/worker-process.ts";
import { accept, after, type Receiver, silence, startReceiver } from "./_webhook-receiver.ts";

const events = 60;
const healthy = 18;
/** As many requests at once as a busy tenant makes. */
const width = 20;
const slowAnswerMs = 3_000;
/** After so many requests to the dead one it is clear whether the others wait for them. */
const enoughToJudge = 100;
/** However slow the machine is: what is judged is order and numbers. */
const longestMs = 300_000;

let worker: WorkerProcess;
let operator: Admin;

beforeAll(async () => {
  worker = await newWorkerProcess();
  await worker.start();
  operator = await setUp(worker.issuer);
});

afterAll(() => worker?.stop());

/** An organization with its receivers: a test that is tried again begins with new ones. */
async function newReceivers() {
  const admin = await newOrganization(worker.issuer, operator);
  const scope = "agents:read agents:write webhooks:read webhooks:write admin:orgs";
  const token = await tokenFor(worker.issuer, admin, { scope });
  const receivers = await Promise.all(Array.from({ length: healthy }, () => startReceiver(accept)));
  const [dead, slow] = await Promise.all([startReceiver(silence), startReceiver(after(slowAnswerMs))]);
  onTestFinished(async () => {
    await Promise.all([...receivers, dead, slow].map((receiver) => receiver.close()));
  });
  for (const { url } of [dead, slow, ...receivers]) {
    const answer = await send(worker.issuer, "/api/v1/webhooks", {
      token,
      json: { name: url, url, events: ["agent.created"] },
    });
    expect(answer.status, answer.text).toBe(201);
  }
  return { token, receivers, dead, slow };
}

/** What the healthy ones got, and how much of it came while the dead one held a request that was not over. */
function soFar(receivers: readonly Receiver[], dead: Receiver) {
  const arrivals = receivers.flatMap(({ received }) => received.map(({ atMs }) => atMs));
  const meanwhile = arrivals.filter((atMs) =>
    dead.received.some((held) => held.atMs <= atMs && atMs < (held.endedAtMs ?? Number.POSITIVE_INFINITY)),
  );
  return { arrived: arrivals.length, meanwhile: meanwhile.length };
}

it(
  "the healthy ones wait for nobody",
  async () => {
    const { token, receivers, dead, slow } = await newReceivers();
    let made = 0;
    const create = async () => {
      while (made++ < events) {
        const answer = await send(worker.issuer, "/api/v1/agents", { token, json: agentFields() });
        expect(answer.status, answer.text).toBe(201);
      }
    };
    await Promise.all(Array.from({ length: width }, create));

    const complete = () => receivers.every((receiver) => receiver.eventIds().size === events);
    const until = (isOver: () => boolean) => expect.poll(isOver, { timeout: longestMs, interval: 500 }).toBe(true);
    await until(() => complete() || dead.received.length >= enoughToJudge);
    // Had a batch of the queue waited for each request to the dead one, four others would have come with each, and no more.
    const { arrived, meanwhile } = soFar(receivers, dead);
    expect(meanwhile / arrived).toBeGreaterThan(0.5);

    await until(complete);
    // They are not given up either: the dead one is tried, the slow one gets what it has time for.
    await until(() => dead.received.length > 5 && slow.eventIds().size > 5);
    expect(receivers.map((receiver) => receiver.eventIds().size)).toStrictEqual(receivers.map(() => events));
    console.log(
      `${events} events at ${healthy} healthy receivers, ${Math.round((100 * meanwhile) / arrived)} % of them during a request ` +
        `to the dead one; meanwhile ${dead.received.length} requests to it, ${slow.eventIds().size} events at the slow one.`,
    );
  },
  longestMs,
);
