/** Every control watches something: when that is broken the next run says so, and when it is mended the next run says that. */
import { describe, expect, it } from "vitest";
import { control, later, ledgersWithout, measured, measuredOrganization, minute, runCron, sql } from "./_cron.ts";

measuredOrganization();

describe("A1.2 recovery", () => {
  it("fails when too many events wait", async () => {
    await sql(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
       INSERT INTO outbox (id, organization_id, event, created_at) SELECT 'x' || i, 'o1', 'null', ? FROM n`,
      Date.now(),
    );
    expect(await measured("A1.2", { ORG_LEDGER: ledgersWithout("o1") })).toMatchObject({
      status: "fail",
      evidence: "More than 1,000 events in the outbox",
    });
    await sql("DELETE FROM outbox WHERE organization_id = 'o1'");
    expect(await measured("A1.2")).toMatchObject({ status: "pass" });
  });

  it("fails when too many deliveries are given up", async () => {
    await sql(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
       INSERT INTO webhook_deliveries (id, organization_id, subscription_id, event_id, event_type, payload, status,
         attempt_count, created_at, updated_at)
       SELECT 'd' || i, 'o1', 'w1', 'e' || i, 'agent.created', '{}', iif(i <= 20, 'dead_letter', 'delivered'), 1, ?1, ?1 FROM n`,
      Date.now(),
    );
    expect(await measured("A1.2")).toMatchObject({
      status: "pass",
      evidence: "No event waiting; 20 of 100 webhook deliveries given up",
    });
    await sql("UPDATE webhook_deliveries SET status = 'dead_letter' WHERE id = 'd21'");
    expect(await measured("A1.2")).toMatchObject({
      status: "fail",
      evidence: "No event waiting; 21 of 100 webhook deliveries given up",
    });
    await sql("DELETE FROM webhook_deliveries");
    expect(await measured("A1.2")).toMatchObject({ status: "pass" });
  });
});

it("a control that cannot be measured keeps its last result, until that is too old", async () => {
  const before = await measured("A1.2");
  await sql("ALTER TABLE webhook_deliveries RENAME TO gone");
  try {
    await runCron().catch(() => undefined);
    expect(await control("A1.2")).toMatchObject({ status: "pass", lastChecked: before.lastChecked });
    later(16 * minute);
    await runCron().catch(() => undefined);
    expect(await control("A1.2")).toMatchObject({ status: "unknown" });
    expect(await control("CC8.1")).toMatchObject({ status: "pass" });
  } finally {
    await sql("ALTER TABLE gone RENAME TO webhook_deliveries");
  }
  expect(await measured("A1.2")).toMatchObject({ status: "pass" });
});
