/** The relay of an organization whose requests write at the same time. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import type { DomainEvent } from "../../src/events/catalogue.ts";
import { createRelay } from "../../src/events/relay.ts";
import { contextOf } from "../../src/platform/context.ts";
import type { Bindings } from "../../src/platform/env.ts";
import type { OrganizationId } from "../../src/platform/ids.ts";

const bindings = env as unknown as Bindings;
const organizationId = "0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f" as OrganizationId;

let handed: string[];
/** The runs that fail, by their number. */
let failing: readonly number[];
let runs: number;

const relay = createRelay([
  {
    name: "test",
    async handle(_context, _organizationId, events) {
      const run = ++runs;
      await scheduler.wait(5);
      if (failing.includes(run)) throw new Error(`run ${run} failed`);
      handed.push(...events.map(({ id }) => id));
    },
  },
]);

beforeEach(async () => {
  await bindings.DB.exec("DELETE FROM outbox");
  handed = [];
  failing = [];
  runs = 0;
});

async function waiting(): Promise<number> {
  return (await bindings.DB.prepare("SELECT count(*) AS n FROM outbox").first<{ n: number }>())!.n;
}

/** Writes an event, and relays. Returns the outcome, and whether the event has arrived by then. */
async function request(id: string): Promise<string> {
  const event = { id, organizationId } as unknown as DomainEvent;
  await bindings.DB.prepare(
    "INSERT INTO outbox (id, organization_id, event, created_at, recorded) VALUES (?, ?, ?, 1, 0)",
  )
    .bind(id, organizationId, JSON.stringify(event))
    .run();
  const source = { ip: "203.0.113.7", userAgent: "test" };
  const context = contextOf(bindings, { requestId: id, source }, () => undefined, relay);
  const outcome = await context.relay(organizationId).then(
    () => "relayed",
    (error: Error) => error.message,
  );
  return handed.includes(id) ? outcome : `${outcome}, not there`;
}

const requests = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => request(`e-${String(index).padStart(3, "0")}`)));

it("60 requests at once: each has its event delivered when its relay ends, and no request relays those of all others", async () => {
  expect(new Set(await requests(60))).toEqual(new Set(["relayed"]));
  expect(new Set(handed).size).toBe(60);
  // Each for itself: more than a thousand.
  expect(handed.length).toBeLessThan(180);
  expect(await waiting()).toBe(0);
});

it("a run that fails fails for the requests that it began for, and a later run delivers their events", async () => {
  failing = [1, 2];
  const outcomes = await requests(20);
  expect(outcomes.filter((outcome) => outcome !== "relayed" && !/^run [12] failed/.test(outcome))).toEqual([]);
  expect(await request("last")).toBe("relayed");
  expect(new Set(handed).size).toBe(21);
  expect(await waiting()).toBe(0);
});
