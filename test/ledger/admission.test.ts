/** Throttles: a client that fails too often from one network must wait on that network. No other client and no other network waits. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Admission, networkOf } from "../../src/ledger/admission.ts";
import { atOnce, clockAt, newLedger, newMemberWithLedger, noon, tally, wrongSecret } from "./_support.ts";

const from = (ip: string) => ({ ip, userAgent: "test" });
const home = "203.0.113.7";

const withAdmission = <T>(run: (admission: Admission, sql: SqlStorage) => T) =>
  newLedger().inside(({ sql }) => run(new Admission(sql), sql));

const fail = (admission: Admission, times: number, atMs = noon, { client = "client", ip = home } = {}) =>
  Array.from({ length: times }, () => admission.noteFailure(client, from(ip), atMs)).at(-1)!;
const wait = (admission: Admission, atMs = noon, { client = "client", ip = home } = {}) =>
  admission.secondsUntilOpen(client, from(ip), atMs);

describe("the network of a source", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    // The /64 is the client's own (RFC 6177), so an attacker has 2^64 such addresses.
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::1", "2001:db8:1:2"],
    ["2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2"],
    ["2001:db8:1:3::1", "2001:db8:1:3"],
    ["::1", "0:0:0:0"],
    // An IPv4 address in the form of IPv6 (RFC 4291 2.5.5.2) is that IPv4 address.
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::ffff:cb00:7107", "203.0.113.7"],
    ["", ""],
    ["no address", "no address"],
  ])("%s", (ip, network) => {
    expect(networkOf(from(ip))).toBe(network);
  });
});

describe("failed sign-ins", () => {
  it("the tenth in a minute throttles the client for a minute", async () => {
    await withAdmission((admission) => {
      expect(fail(admission, 9)).toEqual({ record: true, closedSeconds: 0 });
      expect(wait(admission)).toBe(0);
      expect(fail(admission, 1, noon + 59_999)).toEqual({ record: true, closedSeconds: 60 });
      const closedAt = noon + 59_999;
      const waits = [0, 1, 1_000, 59_000, 59_001, 59_999, 60_000].map((ms) => wait(admission, closedAt + ms));
      expect(waits).toEqual([60, 60, 59, 1, 1, 1, 0]);
    });
  });

  it("of another minute do not count", async () => {
    await withAdmission((admission) => {
      fail(admission, 9);
      expect(fail(admission, 9, noon + 60_000).closedSeconds).toBe(0);
      expect(wait(admission, noon + 60_000)).toBe(0);
      expect(fail(admission, 1, noon + 119_999).closedSeconds).toBe(60);
    });
  });

  it("attack: failures while throttled extend the wait, and are not recorded", async () => {
    await withAdmission((admission) => {
      fail(admission, 10);
      expect(fail(admission, 40, noon + 30_000)).toEqual({ record: false, closedSeconds: 60 });
      expect(wait(admission, noon + 89_999)).toBe(1);
      expect(wait(admission, noon + 90_000)).toBe(0);
      expect(fail(admission, 1, noon + 90_000)).toEqual({ record: true, closedSeconds: 0 });
    });
  });

  it("attack: failures from a foreign network throttle neither the client on its own network nor other clients on the foreign one", async () => {
    await withAdmission((admission) => {
      fail(admission, 50, noon, { ip: "198.51.100.9" });
      expect(wait(admission, noon, { ip: "198.51.100.9" })).toBe(60);
      expect(wait(admission)).toBe(0);
      expect(wait(admission, noon, { client: "other client", ip: "198.51.100.9" })).toBe(0);
    });
  });

  it("attack: another address of the same /64 is throttled too", async () => {
    await withAdmission((admission) => {
      for (let host = 1; host <= 10; host++) fail(admission, 1, noon, { ip: `2001:db8:1:2::${host}` });
      expect(wait(admission, noon, { ip: "2001:db8:1:2:aaaa::1" })).toBe(60);
      expect(wait(admission, noon, { ip: "2001:db8:1:3::1" })).toBe(0);
    });
  });

  it("attack: at most sixty refusals of a network are recorded in a minute, however many client ids it invents", async () => {
    await withAdmission((admission) => {
      const failAs = (client: number, atMs = noon, ip = home) =>
        fail(admission, 1, atMs, { client: `client-${client}`, ip }).record;
      const recorded = Array.from({ length: 100 }, (_, client) => failAs(client));
      expect(recorded.lastIndexOf(true)).toBe(59);
      expect(recorded.filter(Boolean)).toHaveLength(60);
      expect(failAs(1, noon, "198.51.100.9")).toBe(true);
      expect(failAs(200, noon + 59_999)).toBe(false);
      expect(failAs(201, noon + 60_000)).toBe(true);
    });
  });

  it("attack: a restart keeps the count and the throttle", async () => {
    const { inside } = newLedger();
    await inside(({ sql }) => fail(new Admission(sql), 9));
    expect(await inside(({ sql }) => fail(new Admission(sql), 1))).toEqual({ record: true, closedSeconds: 60 });
    expect(await inside(({ sql }) => wait(new Admission(sql), noon + 59_999))).toBe(1);
    expect(await inside(({ sql }) => wait(new Admission(sql), noon + 60_000))).toBe(0);
  });
});

describe("an action that is limited to once in a minute", () => {
  it("is the first of its kind, and again in the next minute", async () => {
    await withAdmission((admission) => {
      const first = (kind: string, ms: number) => admission.isFirstInWindow(kind, noon + ms);
      expect([first("a", 0), first("a", 0), first("b", 0), first("a", 59_999)]).toEqual([true, false, true, false]);
      expect([first("a", 60_000), first("a", 60_000)]).toEqual([true, false]);
    });
  });
});

describe("verifications of the audit log", () => {
  const take = (admission: Admission, times: number, atMs = noon) =>
    Array.from({ length: times }, () => admission.takeTurn("verification", atMs)).at(-1)!;

  it("are thirty in a minute; those that are refused are not counted", async () => {
    await withAdmission((admission) => {
      expect(take(admission, 30)).toEqual({ admitted: true, retryAfterSeconds: 0 });
      expect(take(admission, 1)).toEqual({ admitted: false, retryAfterSeconds: 60 });
      expect(take(admission, 500, noon + 58_999)).toEqual({ admitted: false, retryAfterSeconds: 2 });
      expect(take(admission, 1, noon + 59_999)).toEqual({ admitted: false, retryAfterSeconds: 1 });
      expect(take(admission, 30, noon + 60_000)).toEqual({ admitted: true, retryAfterSeconds: 0 });
      expect(take(admission, 1, noon + 60_000)).toEqual({ admitted: false, retryAfterSeconds: 60 });
    });
  });

  it("attack: of 50 at once thirty are admitted, and a restart admits no more", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: noon });
    const { ledger, restart } = newLedger();
    const outcomes = await atOnce(50, () => ledger.admitTurn("verification"));
    vi.useRealTimers();
    expect(tally(outcomes.map(({ admitted }) => String(admitted)))).toEqual({ true: 30, false: 20 });
    await restart();
    clockAt(noon + 1);
    expect(await ledger.admitTurn("verification")).toEqual({ admitted: false, retryAfterSeconds: 60 });
    vi.useRealTimers();
  });
});

describe("cleaning up", () => {
  it("removes windows that are over, and keeps a throttle until it ends", async () => {
    await withAdmission((admission, sql) => {
      const subjects = () =>
        sql
          .exec("SELECT subject FROM windows ORDER BY subject")
          .toArray()
          .map(({ subject }) => subject);
      fail(admission, 9);
      admission.isFirstInWindow("kind", noon);
      fail(admission, 1, noon + 59_000);
      admission.forgetExpired(noon + 60_000);
      expect(subjects()).toEqual([`client:client|${home}`, "kind", `source:${home}`]);
      admission.forgetExpired(noon + 60_001);
      expect(subjects()).toEqual([`client:client|${home}`]);
      admission.forgetExpired(noon + 119_000);
      expect(wait(admission, noon + 118_999)).toBe(1);
      expect(subjects()).toHaveLength(1);
      admission.forgetExpired(noon + 119_001);
      expect(subjects()).toEqual([]);
    });
  });
});

describe("in the ledger", () => {
  beforeEach(() => clockAt(noon));
  afterEach(() => void vi.useRealTimers());

  it("attack: 50 wrong secrets at once from one network do not throttle the client on its own network", async () => {
    const { issue, restart, rows } = await newMemberWithLedger();
    const attacker = from("198.51.100.9");
    const guess = () => issue({ presented: wrongSecret, source: attacker });
    const outcomes = await atOnce(50, async () => (await guess()).outcome);
    expect(tally(outcomes)).toEqual({ refused: 10, throttled: 40 });
    expect(await rows("pending_events")).toHaveLength(10);
    await restart();
    expect(await guess()).toEqual({ outcome: "throttled", retryAfterSeconds: 60 });
    // The right secret is throttled as well, so a guess while throttled reveals nothing.
    expect((await issue({ source: attacker })).outcome).toBe("throttled");
    expect((await issue()).outcome).toBe("issued");
    clockAt(noon + 60_000);
    expect((await issue({ source: attacker })).outcome).toBe("issued");
  });

  it("the alarm removes windows that are over", async () => {
    const { issue, alarm, rows } = await newMemberWithLedger();
    await issue({ presented: wrongSecret });
    expect(await rows("windows")).toHaveLength(2);
    clockAt(noon + 60_001);
    await alarm();
    expect(await rows("windows")).toEqual([]);
  });
});
