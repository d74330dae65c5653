/** Every control watches something: when that is broken the next run says so, and when it is mended the next run says that. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { newOrganization } from "../../support/api.ts";
import {
  bindings,
  control,
  hour,
  later,
  ledgersWithout,
  measured,
  measuredOrganization,
  minute,
  sql,
} from "./_cron.ts";

measuredOrganization();

/** Lets a ledger hold an event that it cannot move to D1, as one that D1 refuses. */
async function leaveRefused(organizationId: string): Promise<() => Promise<void>> {
  const stub = () =>
    bindings.ORG_LEDGER.get(bindings.ORG_LEDGER.idFromName(organizationId)) as DurableObjectStub<undefined>;
  const run = (...statements: string[]) =>
    runInDurableObject(stub(), async (instance, { storage }) => {
      for (const statement of statements) storage.sql.exec(statement);
      await (instance as unknown as { alarm(): Promise<void> }).alarm();
    });
  const timestamp = new Date().toISOString();
  await run(
    `INSERT INTO pending_events VALUES (1000, '{"timestamp":"${timestamp}"}')`,
    "INSERT INTO refused_events VALUES (1000)",
  );
  return () => run("DELETE FROM pending_events WHERE sequence = 1000", "DELETE FROM refused_events");
}

describe("CC7.2 and CC7.3: an audit event that does not come to D1", () => {
  it("fails both after ten minutes, and until the event is there", async () => {
    const { organizationId } = await newOrganization();
    const remove = await leaveRefused(organizationId);
    expect(await measured("CC7.2")).toMatchObject({ status: "pass" });
    for (let minutes = 1; minutes < 11; minutes++) await measured("CC7.2");
    expect(await control("CC7.2")).toMatchObject({
      status: "fail",
      evidence: "Scheduled run: an audit event waits for 11 min in its ledger",
    });
    expect(await control("CC7.3")).toMatchObject({
      status: "fail",
      evidence: "An audit log lacks events of the last 11 min",
    });
    await remove();
    expect(await measured("CC7.2")).toMatchObject({ status: "pass" });
    expect(await control("CC7.3")).toMatchObject({ status: "pass" });
  });
});

describe("CC7.2 system monitoring", () => {
  it("fails when the scheduled run has stayed away, once", async () => {
    later(6 * minute);
    expect(await measured("CC7.2")).toMatchObject({
      status: "fail",
      evidence: expect.stringMatching(/^Scheduled run: no run for \d+ min$/),
    });
    expect(await measured("CC7.2")).toMatchObject({ status: "pass" });
  });

  it("fails when no metrics arrive", async () => {
    const METRICS = {
      idFromName: () => "metrics",
      get: () => ({ add: () => Promise.reject(new Error("down")), collect: () => Promise.reject(new Error("down")) }),
    } as unknown as DurableObjectNamespace;
    expect(await measured("CC7.2", { METRICS })).toMatchObject({
      status: "fail",
      evidence: "Scheduled run: no metrics arrive",
    });
    expect(await measured("CC7.2")).toMatchObject({ status: "pass" });
  });

  it("fails when a delivery is not made in time, and not because its receiver is slow", async () => {
    // The deliveries here are rows and nothing more: nothing is to be sent.
    const WEBHOOK_QUEUE = {
      send: () => Promise.resolve(),
      sendBatch: () => Promise.resolve(),
    } as unknown as Queue;
    const atMs = Date.now();
    const slow = "UPDATE webhook_subscriptions SET slow_until = ?";
    await sql(
      `INSERT INTO webhook_subscriptions (id, organization_id, name, url, events, active, failure_count, slow_until, created_at, updated_at) VALUES ('w1', 'o1', 'n', 'https://hooks.example.com/', '[]', 1, 0, 0, 0, 0)`,
    );
    await sql(
      `INSERT INTO webhook_deliveries (id, organization_id, subscription_id, event_id, event_type, payload, status,
         attempt_count, due_at, claimed_until, created_at, updated_at)
       VALUES ('d1', 'o1', 'w1', 'e1', 'agent.created', '{}', 'pending', 1, ?1, ?2, ?1, ?1)`,
      atMs - 20 * minute,
      atMs + hour,
    );
    expect(await measured("CC7.2", { WEBHOOK_QUEUE })).toMatchObject({
      status: "fail",
      evidence: expect.stringMatching(/^Scheduled run: a delivery is \d+ min late$/),
    });
    await sql(slow, atMs + hour);
    expect(await measured("CC7.2", { WEBHOOK_QUEUE })).toMatchObject({ status: "pass" });
    await sql("DELETE FROM webhook_deliveries");
    await sql(slow, 0);
    expect(await measured("CC7.2", { WEBHOOK_QUEUE })).toMatchObject({ status: "pass" });
    await sql("DELETE FROM webhook_subscriptions");
  });

  it("fails when an event cannot be handed on", async () => {
    const ORG_LEDGER = ledgersWithout("o1");
    await sql(`INSERT INTO outbox (id, organization_id, event, created_at) VALUES ('e1', 'o1', 'null', ?)`, Date.now());
    expect(await measured("CC7.2", { ORG_LEDGER })).toMatchObject({ status: "pass" });
    for (let minutes = 0; minutes < 10; minutes++) await measured("CC7.2", { ORG_LEDGER });
    expect(await control("CC7.2")).toMatchObject({
      status: "fail",
      evidence: "Scheduled run: an event waits for 11 min",
    });
    await sql("DELETE FROM outbox WHERE id = 'e1'");
    expect(await measured("CC7.2", { ORG_LEDGER })).toMatchObject({ status: "pass" });
  });
});
