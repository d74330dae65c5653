/** What is found because the service has signed where the log stood, even when the ledger has lost all that it knew. */
import { generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Body, newAgent, newOrganization, type Organization, tokenFor } from "../../support/api.ts";
import { changeLedger, checkpointsOf, cron, DB, dayMs, hourMs, loseLedger } from "./_chains.ts";
import { eventsOf, rewriteFrom, tamper, verify } from "./_log.ts";

let organization: Organization;
let token: string;
/** Oldest first; the last one is signed, and so is one in the middle. */
let events: Body[];
let checkpoints: Body[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  organization = await newOrganization();
  for (let hour = 0; hour < 2; hour++) {
    vi.setSystemTime(Date.now() + hourMs);
    token = await tokenFor(organization, { scope: "agents:read agents:write audit:read admin:orgs" });
    await newAgent(token);
    events = await eventsOf(token);
    await cron();
  }
  checkpoints = await checkpointsOf(token);
  expect(checkpoints.map(({ sequence }) => sequence)).toStrictEqual([events.length, expect.any(Number)]);
});

afterEach(() => {
  vi.useRealTimers();
});

const last = () => events.at(-1);
const ofChain = () => organization.organizationId;

const cutOff = (count: number) =>
  tamper("DELETE FROM audit_events WHERE organization_id = ? AND sequence > ?", ofChain(), events.length - count);

describe("a ledger that has lost its storage", () => {
  it("goes on where it was, and the log verifies", async () => {
    await loseLedger(ofChain());
    await newAgent(token);
    expect(await verify(token)).toMatchObject({ verified: true, checkedCount: events.length + 1 });
  });

  it.each([1, 2])("does not hide that the last %d events were removed, before and after others came", async (count) => {
    await cutOff(count);
    await loseLedger(ofChain());
    expect(await verify(token)).toMatchObject({ verified: false, brokenAtEventId: last().eventId });
    for (let n = 0; n < 3; n++) await newAgent(token);
    expect(await verify(token)).toMatchObject({ verified: false });
  });

  it("does not hide that all events were removed", async () => {
    await cutOff(events.length);
    await loseLedger(ofChain());
    expect(await verify(token)).toMatchObject({ verified: false, checkedCount: 0 });
  });

  it("does not hide that the chain was computed anew: found at the first signed event behind the change", async () => {
    await rewriteFrom(events, 3, "another");
    await loseLedger(ofChain());
    const signed = checkpoints.map(({ sequence, eventId }) => ({ sequence, eventId })).reverse();
    const { eventId } = signed.find(({ sequence }) => sequence >= 4)!;
    expect(await verify(token)).toMatchObject({ verified: false, brokenAtEventId: eventId });
  });
});

it("a ledger that was set back with the log does not hide that the end is gone", async () => {
  const kept = events[events.length - 3];
  await cutOff(2);
  await changeLedger(ofChain(), ({ sql }) => {
    sql.exec("DELETE FROM pending_events");
    sql.exec("UPDATE chain_head SET sequence = ?, hash = ?, event_id = ?", kept.sequence, kept.hash, kept.eventId);
  });
  expect(await verify(token)).toMatchObject({ verified: false, brokenAtEventId: last().eventId });
});

describe("a changed checkpoint is found", () => {
  const change = (assignment: string, ...values: unknown[]) =>
    tamper(
      `UPDATE audit_checkpoints SET ${assignment} WHERE organization_id = ? AND sequence = ?`,
      ...values,
      ofChain(),
      last().sequence,
    );

  it.each<[string, string, unknown[]]>([
    ["its hash", "hash = ?", ["f".repeat(64)]],
    ["its time", "timestamp = timestamp + 1", []],
    ["its time, which is none", "timestamp = ?", ["then"]],
    ["its key", "kid = ?", ["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"]],
    ["its signature", "jws = substr(jws, 1, length(jws) - 8) || 'AAAAAAAA'", []],
    ["its signature, which is none", "jws = ?", ["x"]],
  ])("%s", async (_, assignment, values) => {
    await change(assignment, ...values);
    expect(await verify(token)).toMatchObject({ verified: false, brokenAtEventId: last().eventId });
    expect(await checkpointsOf(token)).toHaveLength(2);
  });

  it("moved to another place", async () => {
    await change("sequence = 3");
    expect(await verify(token)).toMatchObject({ verified: false });
  });

  it("moved to another organization", async () => {
    const other = await newOrganization();
    await DB.prepare(
      "INSERT INTO audit_checkpoints (organization_id, sequence, event_id, hash, timestamp, kid, jws) VALUES (?, 1, ?, ?, ?, ?, ?)",
    )
      .bind(
        other.organizationId,
        checkpoints[0].eventId,
        checkpoints[0].hash,
        Date.parse(checkpoints[0].timestamp),
        checkpoints[0].publicKeyJwk.kid,
        checkpoints[0].jws,
      )
      .run();
    expect(await verify(other.token)).toMatchObject({ verified: false });
  });

  it("signed by somebody else, with the kid of ours", async () => {
    const { kid } = checkpoints[0].publicKeyJwk;
    const { privateKey } = await generateKeyPair("ES256");
    const timestamp = Date.now();
    const claims = {
      organizationId: ofChain(),
      sequence: last().sequence,
      hash: last().hash,
      timestamp: new Date(timestamp).toISOString(),
    };
    const header = { alg: "ES256", typ: "audit-checkpoint+jwt", kid };
    const jws = await new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
    await change("jws = ?, timestamp = ?", jws, timestamp);
    expect(await verify(token)).toMatchObject({ verified: false, brokenAtEventId: last().eventId });
  });
});

it("a range is held against the checkpoints in it and the next one, and not against others", async () => {
  const [, first] = checkpoints;
  await tamper(
    "UPDATE audit_checkpoints SET hash = 'x' WHERE organization_id = ? AND sequence = ?",
    ofChain(),
    first.sequence,
  );
  const { eventId } = first;
  expect(await verify(token, { toDate: events[first.sequence - 1].timestamp })).toMatchObject({
    brokenAtEventId: eventId,
  });
  expect(await verify(token, { fromDate: events[first.sequence].timestamp })).toMatchObject({ verified: true });
  const before = { toDate: new Date(Date.now() - dayMs).toISOString() };
  expect(await verify(token, before)).toMatchObject({ verified: false, checkedCount: 0, brokenAtEventId: eventId });
});
