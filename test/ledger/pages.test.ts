/** Events on their way to D1, in pages that D1 takes: an earlier version has left pages that it does not. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hashOf } from "../../src/ledger/chain.ts";
import { OrgLedger } from "../../src/ledger/org-ledger.object.ts";
import { dayMs } from "../../src/platform/time.ts";
import { adminToken, call, newOrganization, type Organization, theOperator } from "../support/api.ts";
import { limitValues } from "../support/value-limit.ts";
import { DB, openLedger } from "./_support.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

let organization: Organization;
let opened: ReturnType<typeof openLedger>;

beforeEach(async () => {
  // A flush in the background would come in between.
  vi.spyOn(OrgLedger.prototype, "alarm").mockResolvedValue();
  organization = await newOrganization();
  opened = openLedger(organization.organizationId);
  await opened.ledger.flush();
});

const pending = () =>
  opened.inside(({ sql }) =>
    sql
      .exec<{ sequence: number }>("SELECT sequence FROM pending_events ORDER BY sequence")
      .toArray()
      .map(({ sequence }) => sequence),
  );

/** Writes events of such sizes to the object's storage, as a version without a bound has done. Returns their sequences. */
async function leave(sizes: readonly number[]): Promise<number[]> {
  const { organizationId } = organization;
  const sequences = await opened.inside(({ sql }) => {
    const head = sql.exec<{ sequence: number; hash: string }>("SELECT sequence, hash FROM chain_head").one();
    let { sequence, hash: previousHash } = head;
    return sizes.map((size) => {
      const event = {
        eventId: crypto.randomUUID(),
        sequence: ++sequence,
        organizationId,
        agentId: null,
        action: "token.refused",
        outcome: "failure",
        actor: { agentId: null, ip: "203.0.113.7", userAgent: "test" },
        target: null,
        details: { scope: "x".repeat(size) },
        timestamp: new Date().toISOString(),
        previousHash,
      };
      const hash = hashOf(event as never);
      previousHash = hash;
      sql.exec("INSERT INTO pending_events VALUES (?, ?)", sequence, JSON.stringify({ ...event, hash }));
      sql.exec("UPDATE chain_head SET sequence = ?, hash = ?, event_id = ?", sequence, hash, event.eventId);
      return sequence;
    });
  });
  await opened.restart();
  return sequences;
}

const stored = async () =>
  (
    await DB.prepare("SELECT sequence FROM audit_events WHERE organization_id = ? ORDER BY sequence")
      .bind(organization.organizationId)
      .all<{ sequence: number }>()
  ).results.map(({ sequence }) => sequence);

const verified = async () => (await call("/api/v1/audit/verify", { token: organization.token })).body;

describe("a page that D1 refuses", () => {
  it("of an earlier version: 15 events of 151,000 bytes arrive, and none is refused", async () => {
    const left = await leave(Array.from({ length: 15 }, () => 150_600));
    const refused = await limitValues();
    await opened.ledger.flush();
    expect(refused).toEqual([]);
    expect(await pending()).toEqual([]);
    expect((await stored()).slice(-15)).toEqual(left);
    expect(await verified()).toMatchObject({ verified: true });
  });

  it("because of multi-byte text: 700 KB of three-byte characters and 700 KB of two-byte ones arrive", async () => {
    const left = await leave([10, 10, 10]);
    await opened.inside(({ sql }) => {
      // Only the sizes matter here, not the hashes.
      for (const [index, text] of [
        "\u20ac".repeat(233_000),
        "\u00e9".repeat(350_000),
        "\u20ac".repeat(233_000),
      ].entries()) {
        sql.exec(
          "UPDATE pending_events SET event = json_set(event, '$.details.scope', ?) WHERE sequence = ?",
          text,
          left[index],
        );
      }
    });
    expect(await limitValues()).toEqual([]);
    await opened.ledger.flush();
    expect(await pending()).toEqual([]);
    expect((await stored()).slice(-3)).toEqual(left);
  });

  it("is halved, where the limit is lower than the documented one", async () => {
    const left = await leave(Array.from({ length: 30 }, () => 9_000));
    // A page of 30 is refused, of 15 and of 8 too; 4 events pass.
    const refused = await limitValues(50_000);
    await opened.ledger.flush();
    expect(refused.length).toBeGreaterThan(0);
    expect(await pending()).toEqual([]);
    expect((await stored()).slice(-30)).toEqual(left);
    expect(await verified()).toMatchObject({ verified: true });
  });
});

describe("an event that D1 refuses alone", () => {
  it("stays in the ledger and does not block the events after it; health, metrics and the log say so", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue(undefined);
    const left = await leave([100, 2_100_000, 100]);
    const refused = await limitValues();
    await opened.ledger.flush();
    expect(await pending()).toEqual([left[1]]);
    expect((await stored()).slice(-2)).toEqual([left[0], left[2]]);
    expect(logged.mock.calls.flat().join()).toContain("D1 refuses an audit event as too big");

    // The next flush does not send it again.
    refused.length = 0;
    await opened.ledger.flush();
    expect(refused).toEqual([]);

    vi.mocked(OrgLedger.prototype.alarm).mockRestore();
    await opened.alarm();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 11 * 60_000 });
    const { text } = await call("/metrics");
    const [, seconds] = /^agentidp_ledger_oldest_pending_event_seconds (\S+)$/m.exec(text) ?? [];
    expect(Number(seconds)).toBeGreaterThanOrEqual(660);
    expect(Number(seconds)).toBeLessThan(dayMs / 1000);
    const health = await call("/health/detailed");
    expect(health.status).toBe(207);
    expect(health.body.checks.ledger.status).toBe("degraded");
    expect(health.body.checks.ledger.oldestPendingEventSeconds).toBeGreaterThanOrEqual(660);

    // A later version has moved it.
    await opened.inside(({ sql }) => {
      sql.exec("DELETE FROM pending_events");
      sql.exec("DELETE FROM refused_events");
    });
    await opened.alarm();
    expect((await call("/metrics")).text).toMatch(/^agentidp_ledger_oldest_pending_event_seconds 0$/m);
    expect((await call("/health/detailed")).body.checks.ledger.oldestPendingEventSeconds).toBe(0);
  });

  it("is a gap that the operator can accept: it stays in the ledger, the log is verified, and the gauge is 0", async () => {
    vi.spyOn(console, "error").mockReturnValue(undefined);
    const [, lost = 0] = await leave([100, 2_100_000, 100]);
    await limitValues();
    const { organizationId } = organization;
    const json = { organizationId, fromSequence: lost, toSequence: lost, reason: "It is too big for D1" };
    expect(await verified()).toMatchObject({ verified: false, missing: { fromSequence: lost, toSequence: lost } });
    vi.mocked(OrgLedger.prototype.alarm).mockRestore();
    await opened.alarm();
    const gauge = async () =>
      /^agentidp_ledger_oldest_pending_event_seconds (\S+)$/m.exec((await call("/metrics")).text);
    expect(Number((await gauge())?.[1])).toBeGreaterThan(0);
    const answer = await call("/api/v1/audit/gaps", { token: await adminToken(await theOperator()), json });
    expect(answer.status, answer.text).toBe(201);
    await opened.alarm();
    expect((await gauge())?.[1]).toBe("0");
    expect(await pending()).toEqual([lost]);
    expect(await verified()).toMatchObject({ verified: true, gaps: [{ fromSequence: lost, toSequence: lost }] });
  });
});

it("while D1 fails, the gauge has the age of the oldest event after a minute; it is 0 again when the events are there", async () => {
  const gauge = async () => {
    const [, seconds] =
      /^agentidp_ledger_oldest_pending_event_seconds (\S+)$/m.exec((await call("/metrics")).text) ?? [];
    return Number(seconds);
  };
  vi.spyOn(console, "warn").mockReturnValue(undefined);
  vi.mocked(OrgLedger.prototype.alarm).mockRestore();
  const batch = vi.spyOn(Object.getPrototypeOf(DB) as D1Database, "batch");
  const [sequence] = await leave([100]);
  expect(await gauge()).toBe(0);

  batch.mockRejectedValue(new Error("D1_ERROR: Network connection lost."));
  await opened.alarm();
  expect(await gauge()).toBe(0);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 90_000 });
  await opened.alarm();
  expect(await gauge()).toBeGreaterThanOrEqual(90);
  expect(await pending()).toEqual([sequence]);

  batch.mockRestore();
  await opened.alarm();
  expect(await gauge()).toBe(0);
  expect(await pending()).toEqual([]);
});
