/** Throttles: a client that fails too often from one network must wait on that network. No other client and no other network waits. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Admission } from "../../src/ledger/admission.ts";
import { networkOf } from "../../src/platform/network.ts";
import { atOnce, clockAt, DB, newLedger, newMemberWithLedger, noon, tally, wrongSecret } from "./_support.ts";

const from = (ip: string) => ({ ip, userAgent: "test" });
const home = "203.0.113.7";

const withAdmission = <T>(run: (admission: Admission, sql: SqlStorage) => T) =>
  newLedger().inside(({ sql }) => run(new Admission(sql), sql));

const fail = (
  admission: Admission,
  times: number,
  atMs = noon,
  { client = "client", ip = home, method = "secret" } = {},
) => Array.from({ length: times }, () => admission.noteFailure(client, method, from(ip), atMs)).at(-1)!;

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
  it("those after the tenth in a minute are throttled, for a minute", async () => {
    await withAdmission((admission) => {
      expect(fail(admission, 9)).toEqual({ record: true, retryAfterSeconds: 0, throttled: false });
      expect(fail(admission, 1, noon + 59_999)).toEqual({ record: true, retryAfterSeconds: 60, throttled: false });
      expect(fail(admission, 1, noon + 119_998).throttled).toBe(true);
    });
  });

  it("of another minute do not count", async () => {
    await withAdmission((admission) => {
      fail(admission, 9);
      expect(fail(admission, 9, noon + 60_000)).toEqual({ record: true, retryAfterSeconds: 0, throttled: false });
      expect(fail(admission, 1, noon + 119_999).retryAfterSeconds).toBe(60);
    });
  });

  it("do not count any longer after a clock that was ahead is set back", async () => {
    await withAdmission((admission) => {
      fail(admission, 40, noon + 3_600_000);
      expect(fail(admission, 1)).toEqual({ record: true, retryAfterSeconds: 0, throttled: false });
      expect(admission.takeOmitted(noon)).toEqual({ count: 30, sinceMs: noon + 3_600_000 });
    });
  });

  it("attack: failures while throttled extend the throttle, and are not recorded", async () => {
    await withAdmission((admission) => {
      fail(admission, 10);
      expect(fail(admission, 40, noon + 30_000)).toEqual({ record: false, retryAfterSeconds: 60, throttled: true });
      expect(fail(admission, 1, noon + 89_999).throttled).toBe(true);
      expect(fail(admission, 1, noon + 149_999)).toEqual({ record: true, retryAfterSeconds: 0, throttled: false });
    });
  });

  it("attack: those of one method throttle no other method, no other client and no other network", async () => {
    await withAdmission((admission) => {
      expect(fail(admission, 50).throttled).toBe(true);
      expect(fail(admission, 1, noon, { method: "assertion" }).throttled).toBe(false);
      expect(fail(admission, 1, noon, { client: "other client" }).throttled).toBe(false);
      expect(fail(admission, 1, noon, { ip: "198.51.100.9" }).throttled).toBe(false);
    });
  });

  it("attack: another address of the same /64 is throttled too", async () => {
    await withAdmission((admission) => {
      for (let host = 1; host <= 10; host++) fail(admission, 1, noon, { ip: `2001:db8:1:2::${host}` });
      expect(fail(admission, 1, noon, { ip: "2001:db8:1:2:aaaa::1" }).throttled).toBe(true);
      expect(fail(admission, 1, noon, { ip: "2001:db8:1:3::1" }).throttled).toBe(false);
    });
  });

  it("attack: at most ten of a network are recorded in a minute, however many client ids and methods it invents", async () => {
    await withAdmission((admission) => {
      const failAs = (client: number, atMs = noon, ip = home) =>
        fail(admission, 1, atMs, { client: `client-${client}`, ip, method: `method-${client}` }).record;
      const recorded = Array.from({ length: 100 }, (_, client) => failAs(client));
      expect(recorded.map((is, index) => (is ? index : null)).filter((index) => index !== null)).toEqual([
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
      ]);
      expect(failAs(1, noon, "198.51.100.9")).toBe(true);
      expect(failAs(200, noon + 59_999)).toBe(false);
      expect(failAs(201, noon + 60_000)).toBe(true);
    });
  });

  it("attack: at most sixty of all networks together are recorded in a minute", async () => {
    await withAdmission((admission, sql) => {
      const recorded = Array.from({ length: 500 }, (_, host) =>
        fail(admission, 1, noon, { ip: `2001:db8:${host.toString(16)}::1` }),
      ).filter(({ record }) => record);
      expect(recorded).toHaveLength(60);
      // One row for each recorded network, and one for all: what is not recorded writes nothing.
      expect(sql.exec("SELECT count(*) AS n FROM windows").one().n).toBe(61);
    });
  });

  it("attack: a restart records no more", async () => {
    const { inside } = newLedger();
    await inside(({ sql }) => fail(new Admission(sql), 10));
    expect((await inside(({ sql }) => fail(new Admission(sql), 1))).record).toBe(false);
  });

  it("those that are not recorded are counted, also over a restart, and taken once when their minute is over", async () => {
    const { inside } = newLedger();
    await inside(({ sql }) => {
      const admission = new Admission(sql);
      fail(admission, 10);
      expect([admission.keepOmitted(), admission.takeOmitted(noon + 60_000)]).toEqual([false, null]);
      fail(admission, 5, noon + 1_000);
      expect([admission.keepOmitted(), admission.takeOmitted(noon + 60_999)]).toEqual([true, null]);
    });
    await inside(({ sql }) => {
      const admission = new Admission(sql);
      fail(admission, 2, noon + 2_000);
      expect(admission.takeOmitted(noon + 61_000)).toEqual({ count: 7, sinceMs: noon + 1_000 });
      expect([admission.keepOmitted(), admission.takeOmitted(noon + 61_000)]).toEqual([false, null]);
    });
    expect(await inside(({ sql }) => new Admission(sql).takeOmitted(noon + 500_000))).toBeNull();
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

  it("are free at once when a clock that was ahead is set back, and its windows are removed", async () => {
    await withAdmission((admission, sql) => {
      take(admission, 31, noon + 3_600_000);
      expect(take(admission, 30)).toEqual({ admitted: true, retryAfterSeconds: 0 });
      expect(take(admission, 1)).toEqual({ admitted: false, retryAfterSeconds: 60 });
      admission.isFirstInWindow("kind", noon + 3_600_000);
      admission.forgetExpired(noon);
      expect(sql.exec("SELECT subject FROM windows").toArray()).toEqual([{ subject: "verification" }]);
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
  it("removes windows that are over", async () => {
    await withAdmission((admission, sql) => {
      const subjects = () =>
        sql
          .exec("SELECT subject FROM windows ORDER BY subject")
          .toArray()
          .map(({ subject }) => subject);
      fail(admission, 9);
      admission.isFirstInWindow("kind", noon + 1);
      admission.forgetExpired(noon + 60_000);
      expect(subjects()).toEqual(["kind", "refusals", `source:${home}`]);
      admission.forgetExpired(noon + 60_001);
      expect(subjects()).toEqual(["kind"]);
      admission.forgetExpired(noon + 60_002);
      expect(subjects()).toEqual([]);
    });
  });
});

describe("in the ledger", () => {
  beforeEach(() => clockAt(noon));
  afterEach(() => void vi.useRealTimers());

  it("attack: of 50 wrong secrets at once ten are recorded; the right secret is accepted from everywhere", async () => {
    const { issue, alarm, rows } = await newMemberWithLedger();
    const attacker = from("198.51.100.9");
    const guess = () => issue({ presented: wrongSecret, source: attacker });
    const outcomes = await atOnce(50, async () => (await guess()).outcome);
    expect(tally(outcomes)).toEqual({ refused: 10, throttled: 40 });
    expect(await rows("pending_events")).toHaveLength(10);
    expect(await guess()).toEqual({ outcome: "throttled", retryAfterSeconds: 60 });
    // The secret is compared first: strangers on the client's own network do not lock it out.
    expect((await issue({ source: attacker })).outcome).toBe("issued");
    expect((await issue()).outcome).toBe("issued");
    expect(await rows("pending_events")).toHaveLength(12);

    clockAt(noon + 60_000);
    await alarm();
    const { results } = await DB.prepare(
      "SELECT details, outcome FROM audit_events WHERE action = 'client.refusals_omitted'",
    ).all<{ details: string; outcome: string }>();
    expect(results.map(({ details, outcome }) => [JSON.parse(details), outcome])).toEqual([
      [{ count: 41, since: new Date(noon).toISOString() }, "failure"],
    ]);
  });

  it("attack: foreign proofs leave nothing", async () => {
    const { issue, rows } = await newMemberWithLedger();
    await atOnce(120, (index) =>
      issue({
        presented: wrongSecret,
        proof: { thumbprint: "foreign", jti: `proof-${index}`, expiresAtMs: noon + 60_000 },
      }),
    );
    expect(await rows("single_use")).toEqual([]);
    expect(await rows("pending_events")).toHaveLength(10);
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
