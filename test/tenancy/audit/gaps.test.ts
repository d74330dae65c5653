/**
 * A restore of D1 loses events; an admin of the operator accepts the gap. Attack: a gap accepted that is none, so that a changed
 * or deleted event is hidden.
 */
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { OrgLedger } from "../../../src/ledger/org-ledger.object.ts";
import { contextOf } from "../../../src/platform/context.ts";
import type { Bindings } from "../../../src/platform/env.ts";
import type { OrganizationId } from "../../../src/platform/ids.ts";
import { verifySlice } from "../../../src/tenancy/audit/service.ts";
import { bindings, control } from "../../assurance/controls/_cron.ts";
import {
  adminToken,
  type Body,
  call,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../../support/api.ts";
import { appendEvents, checkpointsOf, cron, DB, dayMs, hourMs, ledger, loseLedger } from "./_chains.ts";
import { eventsOf, rewriteFrom, tamper, verify } from "./_log.ts";

let operator: Organization;
let orgsToken: string;
let organization: Organization;
let organizationId: string;
let token: string;
/** The last event that a restore keeps, and the last one before it. */
let kept: number;
let head: number;

/** Moves the clock, and gets tokens that are active then. */
async function later(ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms);
  token = await tokenFor(organization);
  orgsToken = await tokenFor(operator, { scope: "admin:orgs audit:read" });
}

const headOf = async () => (await ledger(organizationId).flush()).sequence;

/** D1 becomes what it was at the event `sequence`: all that came later is lost. The ledger keeps what it knows. */
async function restoreTo(sequence: number): Promise<void> {
  await ledger(organizationId).flush();
  await DB.batch([
    DB.prepare("DELETE FROM audit_events WHERE organization_id = ? AND sequence > ?").bind(organizationId, sequence),
    DB.prepare("DELETE FROM audit_checkpoints WHERE organization_id = ? AND sequence > ?").bind(
      organizationId,
      sequence,
    ),
    DB.prepare("UPDATE audit_chains SET sequence = ?2, gaps = '[]' WHERE organization_id = ?1").bind(
      organizationId,
      sequence,
    ),
  ]);
}

const reason = "Restore; the events of 20 minutes are lost";

const accept = (fromSequence: number, toSequence: number, fields: object = {}, bearer = orgsToken) =>
  call("/api/v1/audit/gaps", {
    token: bearer,
    json: { organizationId, fromSequence, toSequence, reason, ...fields },
  });

async function accepted(fromSequence: number, toSequence: number, why = reason): Promise<Body> {
  const answer = await accept(fromSequence, toSequence, { reason: why });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

async function expectMismatch(answer: Awaited<ReturnType<typeof accept>>, details: object): Promise<void> {
  expect([answer.status, answer.body.code, answer.body.details], answer.text).toEqual([
    409,
    "AUDIT_GAP_MISMATCH",
    details,
  ]);
  expect((await verify(token)).gaps).toHaveLength(0);
}

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  // A flush in the background would come in between.
  vi.spyOn(OrgLedger.prototype, "alarm").mockResolvedValue();
  operator = await theOperator();
  orgsToken = await tokenFor(operator, { scope: "admin:orgs audit:read" });
  return () => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  };
});

beforeEach(async () => {
  // The limits are for a minute.
  vi.setSystemTime(Date.now() + 61_000);
  organization = await newOrganization();
  ({ organizationId, token } = organization);
  kept = await headOf();
  expect(kept).toBeGreaterThan(2);
  await appendEvents(organizationId, 6);
  head = await headOf();
});

describe("after a restore that lost events", () => {
  beforeEach(() => restoreTo(kept));

  // The first test: the control and the gauge are about all logs.
  it("the accepted gap is in the event, in a signed checkpoint, in each verification, in the report and in the control, and the alert ends", async () => {
    const gauge = async () => /^agentidp_audit_chain_integrity (\d)$/m.exec((await call("/metrics")).text)?.[1];
    await cron();
    expect([await gauge(), (await control("CC7.3")).status]).toEqual(["0", "fail"]);
    const answer = await accepted(kept + 1, head);
    const gap = {
      fromSequence: kept + 1,
      toSequence: head,
      reason,
      acceptedAt: new Date().toISOString(),
      acceptedBy: operator.agentId,
      eventId: expect.any(String),
    };
    expect(answer).toStrictEqual({ organizationId, ...gap });
    const events = await eventsOf(token);
    const event = events.find(({ eventId }) => eventId === answer.eventId);
    expect(event).toMatchObject({
      sequence: head + 1,
      action: "audit.gap_accepted",
      actor: { agentId: operator.agentId },
      target: organizationId,
      details: {
        fromSequence: kept + 1,
        toSequence: head,
        reason,
        previousHash: events.find(({ sequence }) => sequence === kept).hash,
        lastHash: event.previousHash,
      },
    });
    const [checkpoint] = await checkpointsOf(token);
    expect(checkpoint).toMatchObject({ sequence: event.sequence, hash: event.hash });
    const [ofOperator] = await eventsOf(orgsToken, { action: "audit.gap_accepted" });
    expect(ofOperator).toMatchObject({ target: organizationId, details: { fromSequence: kept + 1, reason } });
    expect(await verify(token)).toStrictEqual({
      verified: true,
      checkedCount: events.length,
      fromDate: null,
      toDate: null,
      brokenAtEventId: null,
      missing: null,
      gaps: [gap],
    });
    await cron();
    expect(await control("CC7.3")).toMatchObject({
      status: "pass",
      evidence: expect.stringMatching(/^2 logs .* verified within 1\u00a0h; 1 gap known and accepted$/),
    });
    expect(await gauge()).toBe("1");
    await bindings.CACHE.delete(`compliance-report:${organizationId}`);
    const report = (await call("/api/v1/compliance/report", { token })).body;
    expect(report.auditChainIntegrity).toBe(true);
    expect(report.sections.find(({ name }: Body) => name === "audit-trail")).toMatchObject({
      status: "warn",
      details: expect.stringContaining(`Events ${kept + 1} to ${head} are lost`),
    });
  });

  it("verification names the missing events, also when new ones come after them", async () => {
    const atEnd = await verify(token);
    expect(atEnd).toMatchObject({ verified: false, missing: { fromSequence: kept + 1, toSequence: head }, gaps: [] });
    await appendEvents(organizationId, 2);
    const inMiddle = await verify(token);
    const { eventId } = (await eventsOf(token)).find(({ sequence }) => sequence === head + 1);
    expect(inMiddle).toMatchObject({
      verified: false,
      brokenAtEventId: eventId,
      missing: { fromSequence: kept + 1, toSequence: head },
    });
  });

  it("a follower goes on after the gap and learns what is missing; with a filter when it is accepted", async () => {
    const follow = async (query: string) => (await call(`/api/v1/audit?order=asc&${query}`, { token })).body;
    const gap = { fromSequence: kept + 1, toSequence: head };
    const lost = { data: [], nextAfterSequence: head };
    expect(await follow(`afterSequence=${kept}`)).toMatchObject({ ...lost, missing: [gap] });
    const part = { fromSequence: head, toSequence: head };
    expect(await follow(`afterSequence=${head - 1}`)).toMatchObject({ ...lost, missing: [part] });
    expect(await follow(`afterSequence=${kept}&outcome=failure`)).toMatchObject({ ...lost, missing: [] });
    await accepted(kept + 1, head);
    for (const filter of ["", "&action=audit.gap_accepted"]) {
      const page = await follow(`afterSequence=${kept}${filter}`);
      expect(page).toMatchObject({ data: [{ sequence: head + 1 }], nextAfterSequence: head + 1, missing: [gap] });
      const after = await follow(`afterSequence=${head - 1}&limit=1${filter}`);
      expect(after).toMatchObject({ data: [{ sequence: head + 1 }], missing: [part] });
      expect((await follow(`afterSequence=${head}${filter}`)).missing).toStrictEqual([]);
      expect((await follow(`limit=${kept}${filter && "&action=token.issued&to=2999-01-01"}`)).missing).toStrictEqual(
        filter === "" ? [] : [gap],
      );
    }
  });

  it("a call that is repeated, also twenty at once, changes nothing and returns the first acceptance", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => accept(kept + 1, head, { reason: `Reason ${index}` })),
    );
    const [first] = answers.filter(({ status }) => status === 201).map(({ body }) => body);
    for (const { status, body } of answers) expect([status, body]).toEqual([201, first]);
    expect(await accepted(kept + 1, head, "Another reason")).toEqual(first);
    expect(await eventsOf(token, { action: "audit.gap_accepted" })).toHaveLength(1);
    const ofOperator = await eventsOf(orgsToken, { action: "audit.gap_accepted" });
    expect(ofOperator.filter(({ target }) => target === organizationId)).toHaveLength(1);
    expect((await verify(token)).gaps).toHaveLength(1);
  });

  it("only exactly the missing events are accepted", async () => {
    const details = { missing: { fromSequence: kept + 1, toSequence: head }, brokenAtEventId: null };
    for (const [from, to] of [
      [kept, head],
      [kept + 2, head],
      [kept + 1, head - 1],
      [kept + 1, head + 1],
      [1, 1],
      [1, head + 1_000_000],
    ] as const) {
      await expectMismatch(await accept(from, to), details);
    }
    for (const fields of [
      { reason: "" },
      { reason: "   " },
      { reason: "\u00a0 \u2003 " },
      { fromSequence: head, toSequence: kept },
      { fromSequence: 0 },
      { other: 1 },
    ]) {
      expect((await accept(kept + 1, head, fields)).body.code).toBe("VALIDATION_ERROR");
    }
  });

  it("an e-mail address in the reason is stored nowhere, and blanks around the reason neither", async () => {
    const answer = await accepted(kept + 1, head, " Restore by jane%40acme.example, see jane@acme.example ");
    const masked = "Restore by [e-mail], see [e-mail]";
    expect(answer.reason).toBe(masked);
    expect((await verify(token)).gaps).toMatchObject([{ reason: masked }]);
    expect(await eventsOf(token, { action: "audit.gap_accepted" })).toMatchObject([{ details: { reason: masked } }]);
    const { gaps } = await ledger(organizationId).flush();
    expect(gaps).toMatchObject([{ reason: masked }]);
    const chain = DB.prepare("SELECT gaps FROM audit_chains WHERE organization_id = ?").bind(organizationId);
    expect(JSON.parse(String(await chain.first("gaps")))).toMatchObject([{ reason: masked }]);
  });

  it("only by an admin of the operator, with admin:orgs", async () => {
    expect((await accept(kept + 1, head, {}, await adminToken(organization))).body.code).toBe("FORBIDDEN");
    expect((await accept(kept + 1, head, {}, await tokenFor(operator))).body.code).toBe("FORBIDDEN");
    const unknown = await accept(kept + 1, head, { organizationId: crypto.randomUUID() });
    expect([unknown.status, unknown.body.code]).toEqual([404, "ORGANIZATION_NOT_FOUND"]);
    expect((await verify(token)).verified).toBe(false);
  });

  it("a log that has a changed event, too, has no gap to accept", async () => {
    const events = await eventsOf(token);
    await tamper("UPDATE audit_events SET target = 'another' WHERE event_id = ?", events[2].eventId);
    await expectMismatch(await accept(kept + 1, head), { missing: null, brokenAtEventId: events[2].eventId });
    await appendEvents(organizationId, 3);
    await tamper("UPDATE audit_events SET target = ? WHERE event_id = ?", events[2].target, events[2].eventId);
    const later = (await eventsOf(token)).filter(({ sequence }) => sequence > head);
    await tamper("UPDATE audit_events SET target = 'another' WHERE event_id = ?", later[1].eventId);
    await expectMismatch(await accept(kept + 1, head), {
      missing: { fromSequence: kept + 1, toSequence: head },
      brokenAtEventId: later[1].eventId,
    });
  });

  it("the event after the gap cannot be rewritten before it is accepted", async () => {
    await appendEvents(organizationId, 3);
    const events = await eventsOf(token);
    await rewriteFrom(events, kept, "another");
    expect((await accept(kept + 1, head)).body.code).toBe("AUDIT_GAP_MISMATCH");
  });
});

it("a log without a gap has none to accept", async () => {
  await expectMismatch(await accept(kept + 1, head), { missing: null, brokenAtEventId: null });
});

it("neither has the log of a new organization, whose events the ledger alone has yet", async () => {
  ({ organizationId, token } = await newOrganization());
  const chain = DB.prepare("SELECT 1 AS one FROM audit_chains WHERE organization_id = ?").bind(organizationId);
  expect(await chain.first()).toBeNull();
  await expectMismatch(await accept(1, 2), { missing: null, brokenAtEventId: null });
});

describe("an accepted gap", () => {
  beforeEach(async () => {
    await restoreTo(kept);
    await accepted(kept + 1, head);
    await appendEvents(organizationId, 5);
    await headOf();
  });

  const remove = (first: number, last = first) =>
    tamper(
      "DELETE FROM audit_events WHERE organization_id = ? AND sequence BETWEEN ? AND ?",
      organizationId,
      first,
      last,
    );

  it.each([
    ["before", () => [kept, kept], () => [kept, head]],
    ["after, with the event that names it", () => [head + 1, head + 1], () => [kept + 1, head + 1]],
    ["elsewhere", () => [3, 3], () => [3, 3]],
    ["later", () => [head + 3, head + 4], () => [head + 3, head + 4]],
  ])("a further missing event is a new break: %s", async (_, removed, missing) => {
    const [from, to] = removed() as [number, number];
    await remove(from, to);
    const [fromSequence, toSequence] = missing();
    expect(await verify(token)).toMatchObject({ verified: false, missing: { fromSequence, toSequence } });
    await cron();
    expect((await control("CC7.3")).status).toBe("fail");
  });

  it("a changed event on either side is a break", async () => {
    for (const sequence of [kept, head + 1]) {
      await tamper(
        "UPDATE audit_events SET target = target || 'x' WHERE organization_id = ? AND sequence = ?",
        organizationId,
        sequence,
      );
      expect(await verify(token)).toMatchObject({ verified: false, missing: null });
      await tamper(
        "UPDATE audit_events SET target = rtrim(target, 'x') WHERE organization_id = ? AND sequence = ?",
        organizationId,
        sequence,
      );
    }
    expect((await verify(token)).verified).toBe(true);
  });

  it("whoever changes D1 cannot add one", async () => {
    const gaps = await DB.prepare("SELECT gaps FROM audit_chains WHERE organization_id = ?")
      .bind(organizationId)
      .first("gaps");
    await remove(3);
    const forged = JSON.parse(String(gaps)).map((gap: Body) => ({ ...gap, fromSequence: 3, toSequence: 3 }));
    await tamper("UPDATE audit_chains SET gaps = ? WHERE organization_id = ?", JSON.stringify(forged), organizationId);
    expect(await verify(token)).toMatchObject({ verified: false, gaps: [{ fromSequence: kept + 1 }] });
  });

  it("time ranges and slices are verified across it, and count the events that are there", async () => {
    const events = await eventsOf(token);
    const fromDate = events.find(({ sequence }) => sequence === kept).timestamp;
    const toDate = events.find(({ sequence }) => sequence === head + 1).timestamp;
    const ofRange = events.filter(({ timestamp }) => fromDate <= timestamp && timestamp <= toDate);
    expect(await verify(token, { fromDate, toDate })).toMatchObject({ verified: true, checkedCount: ofRange.length });
    const run = { requestId: "r", source: { ip: "", userAgent: "" } };
    const context = contextOf(
      bindings as Bindings,
      run,
      () => {},
      async () => {},
    );
    for (const limit of [1, 2, 3, 7]) {
      let checked = 0;
      for (let from: Parameters<typeof verifySlice>[2] = null; ; ) {
        const slice = await verifySlice(context, organizationId as OrganizationId, from, limit);
        expect(slice.isIntact).toBe(true);
        checked += slice.checkedCount;
        if (slice.isLast) break;
        from = slice.link;
      }
      expect(checked).toBe((await eventsOf(token)).length);
    }
  });

  it("a second restore loses the event that names it: it is named again with the second gap", async () => {
    // The restored time is before the acceptance, but some events after the first gap are there: those of step 4.
    const acceptance = head + 1;
    await appendEvents(organizationId, 4);
    const second = await headOf();
    await remove(acceptance, second);
    expect((await verify(token)).missing).toEqual({ fromSequence: kept + 1, toSequence: second });
    await accepted(kept + 1, second, "A second restore");
    expect(await verify(token)).toMatchObject({ verified: true, gaps: [{ toSequence: head }, { toSequence: second }] });
    const third = (await headOf()) + 1;
    await appendEvents(organizationId, 3);
    await headOf();
    await remove(second + 1, third);
    await accepted(kept + 1, third, "A third restore");
    const named = await eventsOf(token, { action: "audit.gap_accepted" });
    expect(named.map(({ details }) => details.toSequence).sort((a, b) => a - b)).toEqual(
      [head, second, third].sort((a, b) => a - b),
    );
    expect(await verify(token)).toMatchObject({ verified: true });
  });

  it("two gaps are accepted in their order", async () => {
    await remove(head + 3);
    await remove(2);
    const refused = await accept(head + 3, head + 3);
    expect(refused.body.details).toEqual({ missing: { fromSequence: 2, toSequence: 2 }, brokenAtEventId: null });
    await accepted(2, 2);
    await accepted(head + 3, head + 3);
    expect(await verify(token)).toMatchObject({ verified: true, missing: null });
    expect((await verify(token)).gaps).toHaveLength(3);
  });

  it("at the beginning of the log it is accepted like any other", async () => {
    await remove(1, 2);
    await accepted(1, 2);
    expect(await verify(token)).toMatchObject({ verified: true });
  });

  it("the ledger that has lost its storage takes it from D1", async () => {
    const before = await verify(token);
    await loseLedger(organizationId);
    expect(await verify(token)).toMatchObject({ verified: true, gaps: before.gaps });
  });

  it("events that are found again fit", async () => {
    const rows = await DB.prepare("SELECT * FROM audit_events WHERE organization_id = ? AND sequence = ?")
      .bind(organizationId, kept)
      .all();
    expect(rows.results).toHaveLength(1);
    await remove(kept);
    await accepted(kept, head, "A smaller copy");
    const { results } = rows;
    const columns = Object.keys(results[0] ?? {});
    await tamper(
      `INSERT INTO audit_events (${columns}) VALUES (${columns.map(() => "?")})`,
      ...Object.values(results[0] ?? {}),
    );
    expect(await verify(token)).toMatchObject({ verified: true });
  });
});

describe("retention", () => {
  const remove = (first: number, last = first) =>
    tamper(
      "DELETE FROM audit_events WHERE organization_id = ? AND sequence BETWEEN ? AND ?",
      organizationId,
      first,
      last,
    );
  const sequences = async () => (await eventsOf(token)).map(({ sequence }) => sequence);

  /** The events become older than their retention, and the scheduled run removes those of this log alone: it has a share for some logs only. */
  async function expire() {
    await DB.prepare("DELETE FROM audit_checkpoints WHERE organization_id <> ?").bind(organizationId).run();
    await later(92 * dayMs);
    await cron();
  }

  beforeEach(async () => {
    await later(hourMs);
    await cron();
    head = await headOf();
    // The checkpoint of the last event stays, as after a restore of one table.
    await remove(kept + 1, head);
    await accepted(kept + 1, head);
    await appendEvents(organizationId, 5);
    await headOf();
    await later(hourMs);
    await cron();
  });

  it("goes on over the gap and its checkpoint, keeps a later break, and the gap stays in every verification", async () => {
    expect((await checkpointsOf(token)).filter(({ sequence }) => kept < sequence && sequence <= head)).toHaveLength(1);
    const { gaps, verified } = await verify(token);
    expect([verified, gaps.length]).toEqual([true, 1]);
    await expire();
    expect((await sequences())[0]).toBeGreaterThan(head + 5);
    expect(await verify(token)).toMatchObject({ verified: true, gaps });
    await appendEvents(organizationId, 4);
    const lost = (await headOf()) - 2;
    await remove(lost);
    expect(await verify(token)).toMatchObject({
      verified: false,
      missing: { fromSequence: lost, toSequence: lost },
      gaps,
    });
  });

  it("keeps everything around a break that is not accepted", async () => {
    await remove(head + 3);
    await expire();
    expect(await sequences()).toContain(1);
    expect((await verify(token)).missing).toEqual({ fromSequence: head + 3, toSequence: head + 3 });
  });

  it("a checkpoint that contradicts the end of the gap is a break", async () => {
    await tamper(
      "UPDATE audit_checkpoints SET hash = 'another' WHERE organization_id = ? AND sequence = ?",
      organizationId,
      head,
    );
    expect((await verify(token)).verified).toBe(false);
  });
});
