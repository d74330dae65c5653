/** Events older than 90 days go, up to a checkpoint; the rest of the chain still proves itself. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Body, call, newOrganization, type Organization, tokenFor } from "../../support/api.ts";
import { appendEvents, checkpointsOf, cron, DB, dayMs, hourMs, ledger, loseLedger } from "./_chains.ts";
import { eventsOf, tamper, verify } from "./_log.ts";

let organization: Organization;
let token: string;
let start: number;
/** Of the first day: signed, and then one more that is not. */
let signed: Body[];
let unsigned: Body;

const toDay = async (days: number) => {
  vi.setSystemTime(start + days * dayMs + hourMs);
  token = await tokenFor(organization);
};

beforeEach(async () => {
  start = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: start });
  organization = await newOrganization();
  await toDay(0);
  signed = await eventsOf(token);
  await cron();
  token = await tokenFor(organization);
  unsigned = (await eventsOf(token)).at(-1);
  expect(unsigned.sequence).toBe(signed.length + 1);
});

afterEach(() => {
  vi.useRealTimers();
});

const anchorSequence = () =>
  DB.prepare("SELECT anchor_sequence FROM audit_chains WHERE organization_id = ?")
    .bind(organization.organizationId)
    .first("anchor_sequence");

describe("after 90 days", () => {
  it("nothing goes a moment too early", async () => {
    vi.setSystemTime(start + 90 * dayMs + hourMs - 1);
    await cron();
    expect(await anchorSequence()).toBe(0);
    vi.setSystemTime(Date.now() + 1);
    await cron();
    expect(await anchorSequence()).toBe(signed.length);
  });

  it("a follower that is behind what is kept gets 410 with the first event that is kept; all others go on", async () => {
    const follow = (query: string) => call(`/api/v1/audit?order=asc&${query}`, { token });
    const { nextCursor } = (await follow("limit=1&afterSequence=1")).body;
    await toDay(91);
    await eventsOf(token);
    await cron();
    const removedThrough = signed.length;
    for (const behind of [
      "afterSequence=1",
      `afterSequence=${removedThrough - 1}`,
      "afterSequence=1&action=agent.created",
    ]) {
      const { status, body } = await follow(behind);
      expect([status, body.code, body.details]).toStrictEqual([
        410,
        "AUDIT_EVENTS_REMOVED",
        { firstSequence: removedThrough + 1 },
      ]);
    }
    expect((await follow(`afterSequence=1&cursor=${nextCursor}`)).status).toBe(410);
    for (const query of ["limit=1", "limit=1&afterSequence=0", `limit=1&afterSequence=${removedThrough}`]) {
      expect((await follow(query)).body).toMatchObject({ data: [unsigned], missing: [] });
    }
  });

  it("what was signed goes, and the chain verifies from there; what came behind the checkpoint stays", async () => {
    await toDay(91);
    await eventsOf(token);
    await cron();
    const events = await eventsOf(token);
    expect(events[0]).toStrictEqual(unsigned);
    expect(await verify(token)).toStrictEqual({
      verified: true,
      checkedCount: events.length,
      fromDate: null,
      toDate: null,
      brokenAtEventId: null,
      missing: null,
      gaps: [],
    });
    for (const event of signed) {
      const { status, body } = await call(`/api/v1/audit/${event.eventId}`, { token });
      expect([status, body.code]).toStrictEqual([404, "AUDIT_EVENT_NOT_FOUND"]);
    }
    const checkpoints = await checkpointsOf(token);
    expect(checkpoints.at(-1)).toMatchObject({ sequence: signed.length, hash: signed.at(-1).hash });
    const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    for (const range of [
      { toDate: day(start) },
      { fromDate: day(start), toDate: day(start) },
      { toDate: day(start - dayMs) },
      { fromDate: day(Date.now()) },
      { fromDate: day(start + 30 * dayMs), toDate: day(start + 40 * dayMs) },
    ]) {
      expect(await verify(token, range)).toMatchObject({ verified: true });
    }
  });

  it("all events of a chain that stands still may go; it goes on where it was, even when its ledger is lost", async () => {
    vi.setSystemTime(Date.now() + hourMs);
    await cron();
    const { sequence } = await ledger(organization.organizationId).flush();
    vi.setSystemTime(start + 92 * dayMs);
    await cron();
    expect(await anchorSequence()).toBe(sequence);
    const left = "SELECT count(*) AS n FROM audit_events WHERE organization_id = ?";
    expect(await DB.prepare(left).bind(organization.organizationId).first("n")).toBe(0);
    await loseLedger(organization.organizationId);
    await toDay(92);
    expect((await eventsOf(token)).map((event) => event.sequence)).toStrictEqual([sequence + 1]);
    expect(await verify(token)).toMatchObject({ verified: true, checkedCount: 1 });
  });

  it("goes on checkpoint by checkpoint, at most 10,000 events at once", async () => {
    const { organizationId } = organization;
    await appendEvents(organizationId, 10_100);
    await ledger(organizationId).flush();
    await cron();
    vi.setSystemTime(Date.now() + hourMs);
    await cron();
    const { sequence } = await ledger(organizationId).flush();
    await toDay(91);
    await cron();
    expect(await anchorSequence()).toBe(10_000);
    expect(await verify(token)).toMatchObject({ verified: true });
    await cron();
    expect(await anchorSequence()).toBe(sequence);
    expect(await verify(token)).toMatchObject({ verified: true });
  }, 60_000);

  it("two runs at once remove what one would", async () => {
    await toDay(91);
    await Promise.all([cron(), cron()]);
    expect(await anchorSequence()).toBe(signed.length);
    expect(await verify(token)).toMatchObject({ verified: true });
  });

  it("a run that was cut off before D1 changed leaves a chain that verifies", async () => {
    await toDay(91);
    await ledger(organization.organizationId).anchorAt(signed.length);
    expect(await verify(token)).toMatchObject({ verified: true });
    await cron();
    expect(await verify(token)).toMatchObject({ verified: true });
  });

  it("a key that is found to be stolen later does not bring the events back into question", async () => {
    await toDay(91);
    await cron();
    await tamper("UPDATE signing_keys SET compromised_at = ?", Date.now());
    expect(await verify(token)).toMatchObject({ verified: true });
    await tamper("UPDATE signing_keys SET compromised_at = NULL");
  });
});

describe("evidence stays", () => {
  it("a changed event is kept over its time, and so is what is around it", async () => {
    await tamper("UPDATE audit_events SET target = 'another' WHERE event_id = ?", signed[2].eventId);
    await toDay(91);
    await cron();
    expect(await anchorSequence()).toBe(0);
    expect(await verify(token)).toMatchObject({ verified: false, brokenAtEventId: signed[2].eventId });
  });

  it("a changed checkpoint is no anchor", async () => {
    await tamper(
      "UPDATE audit_checkpoints SET timestamp = timestamp - 1 WHERE organization_id = ?",
      organization.organizationId,
    );
    await toDay(91);
    await cron();
    expect(await anchorSequence()).toBe(0);
  });
});

describe("retention is no way to hide what happened", () => {
  const remove = (through: number) =>
    tamper(
      "DELETE FROM audit_events WHERE organization_id = ? AND sequence <= ?",
      organization.organizationId,
      through,
    );
  const claim = (sequence: number) =>
    tamper(
      "UPDATE audit_chains SET anchor_sequence = ? WHERE organization_id = ?",
      sequence,
      organization.organizationId,
    );

  it("young events removed up to a true checkpoint are missed", async () => {
    await remove(signed.length);
    await claim(signed.length);
    expect(await verify(token)).toMatchObject({ verified: false, brokenAtEventId: unsigned.eventId });
  });

  it("so they are with a checkpoint dated back, and when the ledger has lost what it knew", async () => {
    await remove(signed.length);
    await claim(signed.length);
    await tamper(
      "UPDATE audit_checkpoints SET timestamp = timestamp - ? WHERE organization_id = ?",
      91 * dayMs,
      organization.organizationId,
    );
    await loseLedger(organization.organizationId);
    expect(await verify(token)).toMatchObject({ verified: false, brokenAtEventId: unsigned.eventId });
  });

  it("old events that the service has not removed are missed", async () => {
    await toDay(91);
    await remove(signed.length);
    await claim(signed.length);
    expect(await verify(token)).toMatchObject({ verified: false, brokenAtEventId: unsigned.eventId });
  });

  it("events behind the anchor are missed, and so is the anchor's checkpoint", async () => {
    await toDay(91);
    await cron();
    await remove(unsigned.sequence);
    expect(await verify(token)).toMatchObject({ verified: false });
    await tamper("DELETE FROM audit_checkpoints WHERE organization_id = ?", organization.organizationId);
    expect(await verify(token)).toMatchObject({ verified: false });
  });

  it("an event put back before the anchor is too much", async () => {
    await toDay(91);
    await cron();
    await tamper(
      `INSERT INTO audit_events SELECT organization_id, 2, 'x', agent_id, action, outcome, actor, target, details, timestamp,
         previous_hash, hash FROM audit_events WHERE event_id = ?`,
      unsigned.eventId,
    );
    expect(await verify(token)).toMatchObject({ verified: false, brokenAtEventId: "x" });
  });
});
