import { describe, expect, it } from "vitest";
import { hashOf } from "../../../src/ledger/chain.ts";
import { type Body, newClient, newOrganization, type Organization, tokenFor } from "../../support/api.ts";
import { eventsOf, rewriteFrom, tamper, verify } from "./_log.ts";

/** An organization with at least six events. */
async function organizationWithHistory(): Promise<{ organization: Organization; events: Body[] }> {
  const organization = await newOrganization();
  await tokenFor(await newClient(organization.token));
  const events = await eventsOf(organization.token);
  expect(events.length).toBeGreaterThanOrEqual(6);
  return { organization, events };
}

const invented = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";

/** Puts an event into the database that fits behind the given one, hash and all. */
async function insertBehind(event: Body, sequence = event.sequence + 1, eventId = invented): Promise<void> {
  const { hash, ...rest } = event;
  const forged = { ...rest, eventId, sequence, previousHash: hash };
  await tamper(
    `INSERT INTO audit_events (organization_id, sequence, event_id, agent_id, action, outcome, actor, target, details,
       timestamp, previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    forged.organizationId,
    sequence,
    eventId,
    forged.agentId,
    forged.action,
    forged.outcome,
    JSON.stringify(forged.actor),
    forged.target,
    JSON.stringify(forged.details),
    Date.parse(forged.timestamp),
    forged.previousHash,
    hashOf(forged),
  );
}

describe("a log as it was written", () => {
  it("is verified, and every event is counted", async () => {
    const { organization, events } = await organizationWithHistory();
    expect(await verify(organization.token)).toStrictEqual({
      verified: true,
      checkedCount: events.length,
      fromDate: null,
      toDate: null,
      brokenAtEventId: null,
      missing: null,
      gaps: [],
    });
  });

  it("is verified while it is written to", async () => {
    const { organization } = await organizationWithHistory();
    const work = Array.from({ length: 40 }, (_, n) =>
      n % 8 === 0 ? verify(organization.token) : tokenFor(organization),
    );
    const verdicts = (await Promise.all(work)).filter((result) => typeof result === "object");
    expect(verdicts.map(({ verified, brokenAtEventId }) => [verified, brokenAtEventId])).toStrictEqual(
      verdicts.map(() => [true, null]),
    );
  });
});

describe("a changed event is found", () => {
  it.each([
    ["action", "token.revoked"],
    ["outcome", "failure"],
    ["agent_id", invented],
    ["agent_id", null],
    ["actor", '{"agentId":null,"ip":"198.51.100.1","userAgent":"x"}'],
    ["actor", "no JSON"],
    ["target", invented],
    ["target", null],
    ["details", "{}"],
    ["details", '{"a":'],
    ["details", new Uint8Array([123, 125])],
    ["timestamp", 0],
    ["timestamp", 1.5],
    ["timestamp", "then"],
    ["previous_hash", "0".repeat(64)],
    ["hash", "0".repeat(64)],
    ["event_id", invented],
  ])("%s = %s", async (column, value) => {
    const { organization, events } = await organizationWithHistory();
    const { eventId } = events[4];
    await tamper(`UPDATE audit_events SET ${column} = ? WHERE event_id = ?`, value, eventId);
    expect(await verify(organization.token)).toStrictEqual({
      verified: false,
      checkedCount: 5,
      fromDate: null,
      toDate: null,
      brokenAtEventId: column === "event_id" ? value : eventId,
      missing: null,
      gaps: [],
    });
  });

  it("with a hash that fits: at the event behind it, or, for the last one, at itself", async () => {
    const { organization, events } = await organizationWithHistory();
    for (const [index, at] of [
      [events.length - 1, events.length - 1],
      [3, 4],
    ] as const) {
      const { hash: _, ...event } = { ...events[index], outcome: "failure" };
      await tamper(
        "UPDATE audit_events SET outcome = ?, hash = ? WHERE event_id = ?",
        "failure",
        hashOf(event),
        event.eventId,
      );
      expect(await verify(organization.token)).toMatchObject({ verified: false, brokenAtEventId: events[at].eventId });
    }
  });

  it("with all hashes behind it made to fit: at the last event, which the ledger knows better", async () => {
    const { organization, events } = await organizationWithHistory();
    await rewriteFrom(events, 3, invented);
    expect(await verify(organization.token)).toMatchObject({
      verified: false,
      checkedCount: events.length,
      brokenAtEventId: events.at(-1).eventId,
    });
  });
});

describe("a removed event is found", () => {
  it.each([
    ["the first", 0, 1],
    ["one in the middle", 3, 4],
  ])("%s", async (_, removed, broken) => {
    const { organization, events } = await organizationWithHistory();
    await tamper("DELETE FROM audit_events WHERE event_id = ?", events[removed].eventId);
    expect(await verify(organization.token)).toMatchObject({
      verified: false,
      brokenAtEventId: events[broken].eventId,
    });
  });

  it.each([
    ["the last", 1],
    ["the last three", 3],
    ["all", 1000],
  ])("%s", async (_, count) => {
    const { organization, events } = await organizationWithHistory();
    const { organizationId } = organization;
    const left = Math.max(0, events.length - count);
    await tamper("DELETE FROM audit_events WHERE organization_id = ? AND sequence > ?", organizationId, left);
    expect(await verify(organization.token)).toMatchObject({
      verified: false,
      checkedCount: left,
      brokenAtEventId: events.at(-1).eventId,
    });
  });

  it("moved into another organization's log: there it is too much, here it is missing", async () => {
    const one = await organizationWithHistory();
    const other = await newOrganization();
    const there = (await eventsOf(other.token)).length + 1;
    const { eventId } = one.events[3];
    await tamper(
      "UPDATE audit_events SET organization_id = ?, sequence = ? WHERE event_id = ?",
      other.organizationId,
      there,
      eventId,
    );
    expect(await verify(one.organization.token)).toMatchObject({
      verified: false,
      brokenAtEventId: one.events[4].eventId,
    });
    expect(await verify(other.token)).toMatchObject({ verified: false, brokenAtEventId: eventId });
  });
});

it("swapped events are found", async () => {
  const { organization, events } = await organizationWithHistory();
  const [one, other] = [events[2].eventId, events[3].eventId];
  await tamper("UPDATE audit_events SET sequence = -1 WHERE event_id = ?", one);
  await tamper("UPDATE audit_events SET sequence = 3 WHERE event_id = ?", other);
  await tamper("UPDATE audit_events SET sequence = 4 WHERE event_id = ?", one);
  expect(await verify(organization.token)).toMatchObject({ verified: false, brokenAtEventId: other });
});

describe("an inserted event is found", () => {
  it.each([-1, 0, 2.5])("at sequence %d", async (sequence) => {
    const { organization, events } = await organizationWithHistory();
    await insertBehind(events[1], sequence);
    expect(await verify(organization.token)).toMatchObject({ verified: false, brokenAtEventId: invented });
  });

  it.each([1, 7])("%d behind the end", async (distance) => {
    const { organization, events } = await organizationWithHistory();
    const last = events.at(-1);
    await insertBehind(last, last.sequence + distance);
    expect(await verify(organization.token)).toStrictEqual({
      verified: false,
      checkedCount: events.length,
      fromDate: null,
      toDate: null,
      brokenAtEventId: invented,
      missing: null,
      gaps: [],
    });
  });

  it("behind the end, and another behind that: the first of the two", async () => {
    const { organization, events } = await organizationWithHistory();
    const last = events.at(-1);
    await insertBehind(last);
    await insertBehind(last, last.sequence + 2, "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a11");
    expect(await verify(organization.token)).toMatchObject({ verified: false, brokenAtEventId: invented });
  });

  it("where the next true event would have gone", async () => {
    const { organization, events } = await organizationWithHistory();
    await insertBehind(events.at(-1));
    await tokenFor(organization);
    const { verified } = await verify(organization.token);
    expect(verified).toBe(false);
    await tokenFor(organization);
    expect((await verify(organization.token)).verified).toBe(false);
  });
});
