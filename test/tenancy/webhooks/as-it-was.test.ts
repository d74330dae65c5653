/** An event goes to the webhooks that wanted it when it happened, however late it is relayed. No clock decides, but the order. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Body, type Client, call, newAgent, newClient, tokenFor } from "../../support/api.ts";
import {
  advance,
  bindings,
  deliveriesOf,
  giveBack,
  happen,
  hour,
  minute,
  newReceiver,
  newTenant,
  patch,
  pathOf,
  type Receiver,
  runCron,
  runQueue,
  subscribe,
  type Tenant,
  takeOver,
} from "./_support.ts";

beforeEach(() => {
  takeOver();
  // The alarm of a ledger goes by the real clock: it does not fire within a test, so that only the test flushes.
  advance(hour);
});
afterEach(giveBack);

/** Whoever reads the log makes the ledger bring its events to D1, and the relay bring them to the webhooks. */
async function flush(tenant: Tenant): Promise<void> {
  await call("/api/v1/audit", { token: await tenant.token() });
  await runQueue();
}

const scopes = (receiver: Receiver): string[] =>
  receiver.received.map(({ body }) => JSON.parse(body).data.scope).filter((scope) => scope !== undefined);

const grantedScopes = ["agents:read", "agents:write", "tokens:read", "audit:read"];

/** A token whose event can be told from others by its scope. */
const issue = (client: Client, scope: string) => tokenFor(client, { scope });

async function newWorld(fields: Record<string, unknown> = {}) {
  const tenant = await newTenant();
  const token = await tenant.token();
  const client = await newClient(token, { grantedScopes });
  const receiver = newReceiver();
  const webhook = await subscribe(tenant, receiver, { events: ["token.issued"], ...fields });
  return { tenant, client, receiver, webhook };
}

const pastStates = async ({ id }: Body) => {
  const { results } = await bindings.DB.prepare(
    "SELECT after_sequence, last_sequence FROM webhook_past_states WHERE subscription_id = ? ORDER BY last_sequence",
  )
    .bind(id)
    .all<{ after_sequence: number; last_sequence: number }>();
  return results;
};

describe("a token's event, which the ledger brings later,", () => {
  it("from before a pause is held and sent after it; one from the pause is not sent at all", async () => {
    const { tenant, client, receiver, webhook } = await newWorld();
    await issue(client, "agents:read");
    await patch(tenant, webhook, { active: false });
    await issue(client, "agents:write");
    await flush(tenant);
    expect(await deliveriesOf(tenant, webhook)).toMatchObject([{ status: "pending", attempt_count: 0 }]);
    expect(receiver.received).toEqual([]);
    await issue(client, "tokens:read");
    await patch(tenant, webhook, { active: true });
    await issue(client, "audit:read");
    await flush(tenant);
    expect(scopes(receiver).toSorted()).toEqual(["agents:read", "audit:read"]);
  });

  it("goes by the list of events that there was", async () => {
    const { tenant, client, receiver, webhook } = await newWorld();
    await issue(client, "agents:read");
    await patch(tenant, webhook, { events: ["agent.created"] });
    await issue(client, "agents:write");
    await patch(tenant, webhook, { events: ["agent.created", "token.issued"] });
    await issue(client, "tokens:read");
    await flush(tenant);
    expect(scopes(receiver).toSorted()).toEqual(["agents:read", "tokens:read"]);
  });

  it("from before the creation is not sent, and after the deletion nothing is", async () => {
    const { tenant, client, webhook } = await newWorld();
    await issue(client, "agents:read");
    const later = newReceiver();
    await subscribe(tenant, later, { events: ["token.issued"] });
    await issue(client, "agents:write");
    await patch(tenant, webhook, { active: false });
    await call(pathOf(webhook), { method: "DELETE", token: await tenant.token() });
    await flush(tenant);
    expect(scopes(later)).toEqual(["agents:write"]);
    expect(await pastStates(webhook)).toEqual([]);
  });

  it("from before the service disabled the webhook is held, and one from after it is not sent", async () => {
    const { tenant, client, receiver, webhook } = await newWorld({ events: ["token.issued", "agent.created"] });
    receiver.behave = () => new Response(null, { status: 410 });
    await happen(tenant);
    await issue(client, "agents:read");
    await runQueue();
    await issue(client, "agents:write");
    await flush(tenant);
    expect((await deliveriesOf(tenant, webhook)).map(({ status }) => status).toSorted()).toEqual([
      "dead_letter",
      "pending",
    ]);
    receiver.behave = () => new Response();
    await patch(tenant, webhook, { active: true });
    await runQueue();
    expect(scopes(receiver)).toEqual(["agents:read"]);
  });

  it("is sent when a clock ran ahead at the subscription", async () => {
    const tenant = await newTenant();
    const client = await newClient(await tenant.token(), { grantedScopes });
    const receiver = newReceiver();
    await issue(client, "agents:read");
    advance(20_000);
    await subscribe(tenant, receiver, { events: ["token.issued"] });
    advance(-20_000);
    await issue(client, "agents:write");
    await flush(tenant);
    expect(scopes(receiver)).toEqual(["agents:write"]);
  });

  it("with writers at once: the kept states follow each other, and they are removed when their events are in D1", async () => {
    const { tenant, client, receiver, webhook } = await newWorld();
    const lists = [["token.issued"], ["agent.created", "token.issued"], ["token.issued", "token.revoked"]];
    for (const scope of ["agents:read", "agents:write"]) {
      await Promise.all([
        issue(client, scope),
        ...lists.map((events) => patch(tenant, webhook, { events })),
        patch(tenant, webhook, { name: scope }),
      ]);
    }
    const states = await pastStates(webhook);
    expect(states.length).toBeGreaterThan(1);
    for (const [index, { after_sequence, last_sequence }] of states.entries()) {
      expect(last_sequence).toBeGreaterThan(after_sequence);
      expect(after_sequence).toBeGreaterThanOrEqual(states[index - 1]?.last_sequence ?? 0);
    }
    await flush(tenant);
    // Each list names it, so that no order of the writers loses one.
    expect(scopes(receiver).toSorted()).toEqual(["agents:read", "agents:write"]);
    await runCron();
    expect(await pastStates(webhook)).toEqual([]);
  });
});

/** The next relay fails: the event stays in the outbox, as after the end of a Worker between the change and the relay. */
function failNextRelay(): void {
  const database = Object.getPrototypeOf(bindings.DB);
  const batch: (this: D1Database, statements: { statement: string }[]) => Promise<unknown> = database.batch;
  const spy = vi.spyOn(database, "batch").mockImplementation(function (this: D1Database, ...[statements]: unknown[]) {
    const given = statements as { statement: string }[];
    if (!given.some(({ statement }) => /insert into "webhook_deliveries"/i.test(statement))) {
      return batch.call(this, given);
    }
    spy.mockRestore();
    return Promise.reject(new Error("D1_ERROR: Network connection lost."));
  });
}

describe("an event of a change, whose relay was put off,", () => {
  it("from before a pause is held and sent after it, one from the pause is not sent: all within one millisecond", async () => {
    const { tenant, receiver, webhook } = await newWorld({ events: ["agent.created"] });
    const token = await tenant.token();
    failNextRelay();
    const before = await newAgent(token);
    await patch(tenant, webhook, { active: false });
    await newAgent(token);
    await patch(tenant, webhook, { active: true });
    const after = await newAgent(token);
    await runQueue();
    advance(minute);
    await runCron();
    await runQueue();
    const agents = receiver.received.map(({ body }) => JSON.parse(body).data.agentId);
    expect(agents.toSorted()).toEqual([before.agentId, after.agentId].toSorted());
  });
});

const ledgerOf = ({ organizationId }: Tenant) =>
  bindings.ORG_LEDGER.get(bindings.ORG_LEDGER.idFromName(organizationId)) as never;

describe("how soon a ledger brings its events to D1", () => {
  const waitOf = (tenant: Tenant) =>
    runInDurableObject(
      ledgerOf(tenant),
      async (_, { storage }) => ((await storage.getAlarm()) ?? Number.NaN) - Date.now(),
    );

  it("is 5 seconds, and half a second while an active webhook wants token events", async () => {
    const tenant = await newTenant();
    const client = await newClient(await tenant.token(), { grantedScopes });
    /** The wait of a token after the alarm before it has fired. */
    const waitOfToken = async () => {
      await runDurableObjectAlarm(ledgerOf(tenant));
      await issue(client, "agents:read");
      return waitOf(tenant);
    };
    expect(await waitOfToken()).toBe(5_000);
    // A subscription brings the alarm forward that waits already.
    const webhook = await subscribe(tenant, newReceiver(), { events: ["token.revoked"] });
    expect(await waitOf(tenant)).toBe(500);
    expect(await waitOfToken()).toBe(500);
    await patch(tenant, webhook, { active: false });
    expect(await waitOfToken()).toBe(5_000);
    await patch(tenant, webhook, { active: true });
    expect(await waitOfToken()).toBe(500);
    await patch(tenant, webhook, { events: ["agent.created"] });
    expect(await waitOfToken()).toBe(5_000);
  });
});
