/** After an outage 2,000 organizations have an event in the outbox: no run sends more queries than it may, and all are relayed. */
import { beforeAll, expect, it, vi } from "vitest";
import { scrape } from "../platform/telemetry/_scrape.ts";
import { call, newOrganization, type Organization } from "../support/api.ts";
import {
  addOrganizations,
  bindings,
  deaf,
  deliver,
  idOf,
  insert,
  organizationOf,
  recorded,
  runCron,
  some,
} from "./_crowd.ts";

const crowd = 2_000;
const most = 800;

/** An event in the outbox. */
const waiting = (id: string, organizationId: string) => ({
  id,
  organization_id: organizationId,
  event: JSON.stringify({
    id,
    organizationId,
    action: "member.set",
    outcome: "success",
    agentId: null,
    actor: { agentId: null, ip: "203.0.113.7", userAgent: "test" },
    target: null,
    details: {},
    data: {},
    occurredAtMs: Date.now(),
  }),
  created_at: Date.now(),
  recorded: 0,
});

const inOutbox = () => bindings.DB.prepare("SELECT count(*) AS count FROM outbox").first<number>("count");

/** How many messages the consumer of the queue really gets: 2,000 relays would take half a minute. */
const delivered = 20;

/** Delivers some of the messages and those of the real organization; removes the events of the others. */
async function deliverSome(messages: readonly unknown[]): Promise<void> {
  const isReal = (message: unknown) => JSON.stringify(message).includes(real.organizationId);
  const batches = await deliver([...messages.slice(0, delivered), ...messages.slice(delivered).filter(isReal)]);
  expect(Math.max(0, ...batches.map(({ queries }) => queries))).toBeLessThanOrEqual(most);
  const statement = "DELETE FROM outbox WHERE organization_id IN (SELECT value ->> 'relay' FROM json_each(?))";
  await bindings.DB.prepare(statement)
    .bind(JSON.stringify(messages.filter((message) => !isReal(message))))
    .run();
}

let real: Organization;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  real = await newOrganization();
  await runCron();
  await addOrganizations(crowd);
  return () => vi.useRealTimers();
});

it("no run and no batch of the queue sends more D1 queries than it may, and two runs that overlap relay nothing twice", async () => {
  const realEvent = idOf(3, 0);
  await insert("outbox", [
    ...some(crowd, (n) => waiting(idOf(2, n), organizationOf(n))),
    waiting(realEvent, real.organizationId),
  ]);
  const [one, other] = await Promise.all([runCron(), runCron()]);
  expect(Math.max(one.queries, other.queries)).toBeLessThanOrEqual(most);
  // Some without the queue, which may be down.
  const left = (await inOutbox()) ?? 0;
  expect(left).toBeLessThan(crowd - 20);
  expect(left).toBeGreaterThan(crowd / 2);
  const before = await scrape();
  expect(before.value("agentidp_scheduled_items_waiting", { part: "relay" })).toBeGreaterThan(crowd / 2);
  expect(before.value("agentidp_outbox_events_waiting")).toBeGreaterThanOrEqual(left);

  await deliverSome(one.queued);
  let runs = 2;
  while (((await inOutbox()) ?? 0) > 0) {
    expect(++runs).toBeLessThanOrEqual(5);
    vi.setSystemTime(Date.now() + 60_000);
    const { queries, queued } = await runCron();
    expect(queries).toBeLessThanOrEqual(most);
    await deliverSome(queued);
  }
  vi.setSystemTime(Date.now() + 60_000);
  await runCron();
  const after = await scrape();
  expect(after.value("agentidp_scheduled_items_waiting", { part: "relay" })).toBe(0);
  expect(after.value("agentidp_outbox_events_waiting")).toBe(0);

  expect(recorded.size).toBeGreaterThan(2 * delivered);
  for (const [organizationId, events] of recorded) {
    expect(new Set(events)).toEqual(new Set([idOf(2, Number(organizationId.slice(-12)))]));
  }
  const { body } = await call("/api/v1/audit?action=member.set", { token: real.token });
  expect(body.data.map(({ eventId }: { eventId: string }) => eventId)).toEqual([realEvent]);
});

it("organizations whose events always fail do not block the others", async () => {
  for (const level of ["error", "warn"] as const) vi.spyOn(console, level).mockReturnValue(undefined);
  for (let n = 0; n < 60; n++) deaf.add(organizationOf(n));
  recorded.clear();
  await insert(
    "outbox",
    some(80, (n) => waiting(idOf(4, n), organizationOf(n))),
  );
  for (let runs = 0; recorded.size < 20; runs++) {
    expect(runs).toBeLessThan(2);
    const { queued } = await runCron();
    await deliver(queued);
  }
  deaf.clear();
  vi.restoreAllMocks();
});
