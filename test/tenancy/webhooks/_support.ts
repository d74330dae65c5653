/** Webhooks with the queue, the receivers and the clock in the hands of the test. */
import {
  createExecutionContext,
  createMessageBatch,
  createScheduledController,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import worker from "../../../src/worker.ts";
import {
  type Answer,
  adminToken,
  type Body,
  type Client,
  call,
  newAgent,
  newOrganization,
  unique,
} from "../../support/api.ts";

export const bindings = env as unknown as Bindings;
export const webhooksPath = "/api/v1/webhooks";
export const pathOf = ({ id }: { id: string }) => `${webhooksPath}/${id}`;

export const queueName = "agentidp-webhooks";
export const deadLetterQueueName = "agentidp-webhooks-dead";

interface Queued {
  readonly body: unknown;
  /** When the queue would hand it over. */
  readonly dueMs: number;
}

let queued: Queued[] = [];

export interface Delivered {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly atMs: number;
}

export type Behavior = (delivered: Delivered) => Response | Promise<Response>;

export interface Receiver {
  readonly url: string;
  readonly received: Delivered[];
  behave: Behavior;
}

const receivers = new Map<string, Receiver>();

/** A receiver at an address of the Internet. */
export function newReceiver(behave: Behavior = () => new Response("thanks")): Receiver {
  const receiver: Receiver = { url: `https://${unique("hooks")}.example.com/in`, received: [], behave };
  receivers.set(receiver.url, receiver);
  return receiver;
}

/** Takes the place of the queue and of the Internet, and holds the clock. Call it before each test. */
export function takeOver(): void {
  vi.useFakeTimers({ toFake: ["Date"] });
  queued = [];
  const queue = Object.getPrototypeOf(bindings.WEBHOOK_QUEUE);
  const put = (body: unknown, delaySeconds = 0) => queued.push({ body, dueMs: Date.now() + delaySeconds * 1000 });
  vi.spyOn(queue, "send").mockImplementation((async (body: unknown, options?: QueueSendOptions) => {
    put(body, options?.delaySeconds);
  }) as never);
  vi.spyOn(queue, "sendBatch").mockImplementation((async (
    messages: Iterable<MessageSendRequest>,
    options?: QueueSendBatchOptions,
  ) => {
    for (const { body } of messages) put(body, options?.delaySeconds);
  }) as never);
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const receiver = receivers.get(String(input));
    if (!receiver) throw new TypeError("Network connection lost.");
    const headers = Object.fromEntries(new Headers(init?.headers));
    const delivered = { headers, body: String(init?.body), atMs: Date.now() };
    receiver.received.push(delivered);
    return receiver.behave(delivered);
  });
}

export const giveBack = (): void => {
  vi.restoreAllMocks();
  vi.useRealTimers();
};

/** The messages that wait, due or not. */
export const waiting = (): readonly Queued[] => queued;

/** Takes every message that waits out of the queue. */
export function takeMessages(): unknown[] {
  const bodies = queued.map(({ body }) => body);
  queued = [];
  return bodies;
}

/** Hands messages over as Queues does, at most five at once, and waits for everything that they set off. */
export async function handOver(bodies: readonly unknown[], queue = queueName): Promise<void> {
  for (let from = 0; from < bodies.length; from += 5) {
    const messages = bodies
      .slice(from, from + 5)
      .map((body) => ({ id: unique("message"), timestamp: new Date(), attempts: 1, body }));
    const execution = createExecutionContext();
    await worker.queue(createMessageBatch(queue, messages), bindings, execution);
    await waitOnExecutionContext(execution);
  }
}

/** Hands over what is due now, and what that leads to. */
export async function runQueue(): Promise<void> {
  for (;;) {
    const nowMs = Date.now();
    const due = queued.filter(({ dueMs }) => dueMs <= nowMs);
    if (due.length === 0) return;
    queued = queued.filter(({ dueMs }) => dueMs > nowMs);
    await handOver(due.map(({ body }) => body));
  }
}

/** Sets the clock forward to the next message and hands over what is due then. Answers with the milliseconds that passed; null when none waits. */
export async function runNext(): Promise<number | null> {
  if (queued.length === 0) return null;
  const startMs = Date.now();
  const nextMs = Math.max(Math.min(...queued.map(({ dueMs }) => dueMs)), startMs);
  vi.setSystemTime(nextMs);
  await runQueue();
  return nextMs - startMs;
}

export const advance = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

/** Runs the cron trigger to its end. */
export async function runCron(): Promise<void> {
  const execution = createExecutionContext();
  await worker.scheduled(createScheduledController(), bindings, execution);
  await waitOnExecutionContext(execution);
}

/** An organization whose admin signs in again as the clock goes on. */
export interface Tenant extends Client {
  readonly organizationId: string;
  token(): Promise<string>;
}

const renewedAfterMs = 50 * 60_000;

export async function newTenant(): Promise<Tenant> {
  const { clientId, clientSecret, organizationId, token } = await newOrganization();
  let current = { token, atMs: Date.now() };
  return {
    clientId,
    clientSecret,
    organizationId,
    async token() {
      if (Date.now() - current.atMs > renewedAfterMs) {
        current = { token: await adminToken({ clientId, clientSecret }), atMs: Date.now() };
      }
      return current.token;
    },
  };
}

/** Subscribes a receiver, a moment later than all that happened so far; answers with the wire form, the secret included. */
export async function subscribe(
  tenant: Tenant,
  receiver: Pick<Receiver, "url">,
  fields: Record<string, unknown> = {},
): Promise<Body> {
  advance(1);
  const answer = await call(webhooksPath, {
    token: await tenant.token(),
    json: { name: "A receiver", url: receiver.url, events: ["agent.created"], ...fields },
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/**
 * A tenant with a webhook that tests of a file share, made by the first of them. For tests that change neither and do not set the
 * clock forward: a new tenant costs more than the request that is judged.
 */
export function sharedTenant(): () => Promise<{ readonly tenant: Tenant; readonly webhook: Body }> {
  const make = async () => {
    const tenant = await newTenant();
    return { tenant, webhook: await subscribe(tenant, newReceiver()) };
  };
  let made: ReturnType<typeof make> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Registers an agent, which is an event. */
export const happen = async (tenant: Tenant): Promise<Body> => newAgent(await tenant.token());

export const read = async (tenant: Tenant, webhook: { id: string }): Promise<Body> =>
  (await call(pathOf(webhook), { token: await tenant.token() })).body;

export const patch = async (tenant: Tenant, webhook: { id: string }, json: unknown): Promise<Answer> =>
  call(pathOf(webhook), { method: "PATCH", token: await tenant.token(), json });

export const post = async (tenant: Tenant, webhook: { id: string }, path: string): Promise<Answer> =>
  call(`${pathOf(webhook)}/${path}`, { method: "POST", token: await tenant.token() });

/** Its deliveries, oldest first. */
export async function deliveriesOf(tenant: Tenant, webhook: { id: string }): Promise<Body[]> {
  const answer = await call(`${pathOf(webhook)}/deliveries?limit=100`, { token: await tenant.token() });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.deliveries.toReversed();
}

/** The events of one action in the audit log, oldest first. */
export async function eventsOf(tenant: Tenant, action: string): Promise<Body[]> {
  const answer = await call(`/api/v1/audit?limit=100&action=${action}`, { token: await tenant.token() });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data.toReversed();
}

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** The pauses before the second attempt and those that follow, as the documentation promises them. */
export const schedule = [
  10 * second,
  30 * second,
  2 * minute,
  10 * minute,
  30 * minute,
  hour,
  2 * hour,
  4 * hour,
  8 * hour,
];

/** Answers with a status, and with headers. */
export const failWith =
  (status: number, headers: Record<string, string> = {}): Behavior =>
  () =>
    new Response("not now", { status, headers });

/** An organization with one webhook and one event on its way. */
export async function underWay(behave: Behavior) {
  const tenant = await newTenant();
  const receiver = newReceiver(behave);
  const webhook = await subscribe(tenant, receiver);
  await happen(tenant);
  const delivery = async (): Promise<Body> => (await deliveriesOf(tenant, webhook))[0];
  return { tenant, receiver, webhook, delivery };
}
