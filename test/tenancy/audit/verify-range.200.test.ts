/**
 * A range is verified up to the next checkpoint. Attack: one audit event changed and all later hashes computed again, then a
 * range verified; a break that a verification found, and a public page that says pass.
 */
import { afterEach, describe, expect, it, vi } from "vitest";
import { newAgent, newOrganization, tokenFor } from "../../support/api.ts";
import { checkpointsOf, cron } from "./_chains.ts";
import { eventsOf, rewriteFrom, tamper, verify } from "./_log.ts";

const dayMs = 86_400_000;

describe("a time range", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Three days with events, from today on, and the token of the last. `days` has five dates; the fifth is the day before. */
  async function threeDays() {
    const today = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: today });
    const days = [0, 1, 2, 3, -1].map((n) => new Date(today + n * dayMs).toISOString().slice(0, 10));
    const [first, second, third, after, before] = days as [string, string, string, string, string];
    const organization = await newOrganization();
    let { token } = organization;
    for (const n of [1, 2]) {
      vi.setSystemTime(today + n * dayMs);
      token = await tokenFor(organization, { scope: "agents:read agents:write audit:read admin:orgs" });
      await newAgent(token);
      await newAgent(token);
    }
    const events = await eventsOf(token);
    const on = (day: string) => events.filter((event) => event.timestamp.startsWith(day));
    return { organization, token, events, on, first, second, third, after, before };
  }

  it("counts the events of the range and says what the range was", async () => {
    const { token, events, on, first, second } = await threeDays();
    expect(await verify(token, { fromDate: second, toDate: second })).toStrictEqual({
      verified: true,
      checkedCount: on(second).length,
      fromDate: `${second}T00:00:00.000Z`,
      toDate: `${second}T23:59:59.999Z`,
      brokenAtEventId: null,
      missing: null,
      gaps: [],
    });
    expect(await verify(token, { fromDate: `${second}T00:00:00+00:00` })).toMatchObject({
      verified: true,
      checkedCount: events.length - on(first).length,
      fromDate: `${second}T00:00:00.000Z`,
      toDate: null,
    });
    expect(await verify(token, { toDate: first })).toMatchObject({
      verified: true,
      checkedCount: on(first).length,
      fromDate: null,
    });
  });

  it("without events is verified with nothing checked", async () => {
    const { token, on, before, second, after } = await threeDays();
    const [{ timestamp }] = on(second);
    const between = new Date(Date.parse(timestamp) + dayMs / 2).toISOString();
    for (const range of [{ toDate: before }, { fromDate: after }, { fromDate: between, toDate: between }]) {
      expect(await verify(token, range)).toMatchObject({ verified: true, checkedCount: 0, brokenAtEventId: null });
    }
  });

  it("finds a change inside, and tells nothing of one outside", async () => {
    const { token, on, first, third } = await threeDays();
    const [changed] = on(first);
    await tamper("UPDATE audit_events SET action = 'token.revoked' WHERE event_id = ?", changed.eventId);
    expect(await verify(token, { fromDate: third })).toMatchObject({ verified: true });
    expect(await verify(token, { toDate: first })).toMatchObject({ verified: false, brokenAtEventId: changed.eventId });
  });

  it("finds an event that was changed together with every later hash, up to the head", async () => {
    const { token, events, on, first, second } = await threeDays();
    await rewriteFrom(events, events.indexOf(on(second)[0]), "another");
    expect(await verify(token, { fromDate: second, toDate: second })).toMatchObject({
      verified: false,
      checkedCount: on(second).length,
      brokenAtEventId: events.at(-1).eventId,
    });
    expect(await verify(token, { toDate: first })).toMatchObject({ verified: false });
  });

  it("finds it at the next signed checkpoint, though later events follow", async () => {
    const { token, events, second } = await threeDays();
    await cron();
    const [checkpoint] = await checkpointsOf(token);
    await newAgent(token);
    await rewriteFrom(events, 3, "another");
    const range = { fromDate: second, toDate: second };
    expect(await verify(token, range)).toMatchObject({ verified: false, brokenAtEventId: checkpoint.eventId });
  });

  it("finds that the event before it was changed to be out of the range", async () => {
    const { token, on, second } = await threeDays();
    const [moved] = on(second);
    await tamper("UPDATE audit_events SET timestamp = timestamp - ? WHERE event_id = ?", dayMs, moved.eventId);
    expect(await verify(token, { fromDate: second, toDate: second })).toMatchObject({
      verified: false,
      brokenAtEventId: moved.eventId,
    });
  });

  it("finds that its first event does not follow the one before the range", async () => {
    const { token, on, first, second } = await threeDays();
    await tamper("DELETE FROM audit_events WHERE event_id = ?", on(first).at(-1).eventId);
    expect(await verify(token, { fromDate: second, toDate: second })).toMatchObject({
      verified: false,
      brokenAtEventId: on(second)[0].eventId,
    });
  });

  it("finds that all its events were removed, in the middle, at the end, and with all others", async () => {
    const { organization, token, events, on, first, second, third } = await threeDays();
    for (const [day, broken] of [
      [second, on(third)[0].eventId],
      [third, events.at(-1).eventId],
      [first, events.at(-1).eventId],
    ] as const) {
      const start = Date.parse(day);
      await tamper(
        "DELETE FROM audit_events WHERE organization_id = ? AND timestamp >= ? AND timestamp < ?",
        organization.organizationId,
        start,
        start + dayMs,
      );
      expect(await verify(token, { fromDate: day, toDate: day })).toMatchObject({
        verified: false,
        checkedCount: 0,
        brokenAtEventId: broken,
      });
    }
  });
});
