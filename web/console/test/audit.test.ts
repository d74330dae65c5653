import { describe, expect, it } from "vitest";
import type { AuditEvent } from "../src/api/schema.ts";
import { hashOf } from "../src/screens/audit/event-hash.ts";
import {
  type Followed,
  follow,
  isFull,
  maxRows,
  pageSize,
  pauseMs,
  received,
  resumed,
} from "../src/screens/audit/follow.ts";
import { instant, isoOf, localOf, rangeIssue, secondsAgo } from "../src/screens/audit/instant.ts";
import { cellsOf, heads } from "../src/screens/audit/rows.ts";
import { missingText } from "../src/screens/audit/verification-result.tsx";
import { csvOf } from "../src/ui/csv.ts";
import { plainJson } from "../src/ui/plain-text.ts";

const id = (number: number) => `0199f0c2-5a31-7c07-9f55-2d8f3c1b${String(number).padStart(4, "0")}`;

const event = (sequence: number, fields: Partial<AuditEvent> = {}): AuditEvent => ({
  eventId: id(sequence),
  sequence,
  organizationId: id(2),
  agentId: id(7),
  action: "token.issued",
  outcome: "success",
  actor: { agentId: id(7), ip: "203.0.113.7", userAgent: "curl/8.9.1" },
  target: null,
  details: {},
  timestamp: "2026-11-30T21:40:05.123Z",
  previousHash: "0".repeat(64),
  hash: "1".repeat(64),
  ...fields,
});

describe("a time in the URL", () => {
  it.each([
    ["2026-11-30T21:40:00.000Z", "2026-11-30T21:40:00.000Z", "2026-11-30T21:40:00.000Z"],
    ["2026-11-30T21:40:00+02:00", "2026-11-30T19:40:00.000Z", "2026-11-30T19:40:00.000Z"],
    ["2026-11-30T21:40Z", "2026-11-30T21:40:00.000Z", "2026-11-30T21:40:00.000Z"],
    ["2026-11-30", "2026-11-30T00:00:00.000Z", "2026-11-30T23:59:59.999Z"],
    ["2026-11-30T21:40:00", undefined, undefined],
    ["2026-13-30", undefined, undefined],
    ["yesterday", undefined, undefined],
    ["", undefined, undefined],
  ])("%s means %s as a beginning and %s as an end", (text, first, last) => {
    expect([instant("first")(text), instant("last")(text)]).toEqual([first, last]);
  });

  it.each(["2026-11-30T21:40", "2026-11-30T21:40:05", "2026-02-28T00:00"])(
    "%s in a field stays what it is",
    (local) => {
      for (const end of ["first", "last"] as const) expect(localOf(isoOf(local, end) ?? "", end)).toBe(local);
    },
  );

  it("of a minute includes the minute to its end", () => {
    const [first, last] = [isoOf("2026-11-30T21:40", "first"), isoOf("2026-11-30T21:40", "last")];
    expect(Date.parse(last ?? "") - Date.parse(first ?? "")).toBe(59_999);
  });

  it("that is no time is none", () => {
    expect(isoOf("2026-11-31T25:00", "first")).toBe(undefined);
  });

  it("of a recent one is to the minute", () => {
    expect(secondsAgo(3600, Date.parse("2026-11-30T21:40:59.999Z"))).toBe("2026-11-30T20:40:00.000Z");
  });

  it("may not end before it begins", () => {
    const [early, late] = ["2026-11-30T20:00:00.000Z", "2026-11-30T21:00:00.000Z"];
    expect(rangeIssue({ from: late, to: early })).toBe("is before From");
    expect(rangeIssue({ from: early, to: late })).toBe(undefined);
    expect(rangeIssue({ from: early, to: early })).toBe(undefined);
    expect(rangeIssue({ from: late, to: undefined })).toBe(undefined);
  });
});

describe("the details of an event", () => {
  it("show what cannot be seen or turns a line, and are the same value", () => {
    const details = { note: "\u202eabc\u2066\u200b\ufeff\u0000<img>", list: ["é", "مرحبا", "\u2028"] };
    const text = plainJson(details);
    expect(text).toContain('"note": "\\u202eabc\\u2066\\u200b\\ufeff\\u0000<img>"');
    expect(text).toContain('"é"');
    expect(text).toContain('"مرحبا"');
    expect(text).toContain('"\\u2028"');
    expect(JSON.parse(text)).toEqual(details);
  });
});

describe("the hash of an event", () => {
  const agentId = "0199f0c2-5a31-7aa1-8b02-0c1d2e3f4a5b";
  const known: AuditEvent = {
    eventId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a11",
    sequence: 2,
    organizationId: "0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f",
    agentId,
    action: "agent.updated",
    outcome: "failure",
    actor: {
      userAgent: 'Prüfer "1"\n',
      ip: "2001:db8::1",
      credentialId: "0199f0c2-5a31-7bb2-8b02-0c1d2e3f4a5c",
      agentId,
    },
    target: agentId,
    details: { owner: "Zoë €", changed: ["owner", "a/b"], ttl: { seconds: 3600, before: 0.5 } },
    timestamp: "2026-01-31T09:30:00.126Z",
    previousHash: "b9137ee2267157e91c1aa890e1c7dfe482114ac92047e8cd3eb9d111132675d9",
    // Made by Python, see test/ledger/known-hashes.test.ts.
    hash: "68b4ec9feb858a487696b0e22c5cb36ebb90adcf0cf3e2a3ba5ecc6ce1c89780",
  };

  it("is the one that another tool computes", async () => {
    expect(await hashOf(known)).toBe(known.hash);
  });

  it("is another one after any change", async () => {
    for (const change of [{ outcome: "success" }, { details: {} }, { previousHash: "0".repeat(64) }, { more: 1 }]) {
      expect(await hashOf({ ...known, ...change } as AuditEvent)).not.toBe(known.hash);
    }
  });
});

describe("missing events", () => {
  it("are named by their numbers", () => {
    expect(missingText({ fromSequence: 40, toSequence: 40 })).toBe("Event 40 is");
    expect(missingText({ fromSequence: 40, toSequence: 1252 })).toBe("Events 40 to 1,252 are");
  });
});

describe("the file of a page of events", () => {
  const agents = { [id(7)]: { email: "screener@acme.example" }, [id(8)]: { email: '=HYPERLINK("x")' } };

  it("names agents as the table does, has times in UTC and ids whole, and no formula", () => {
    const none = { agentId: null, ip: "", userAgent: "" };
    const rows = [
      event(4),
      event(3, { agentId: id(8), actor: { ...none, agentId: id(7) } }),
      event(2, { agentId: id(9), actor: none }),
      event(1, { agentId: null, outcome: "failure", action: "client.refused", actor: none }),
    ];
    expect(csvOf([heads, ...rows.map((row) => cellsOf(row, agents))])).toBe(
      [
        "Event,Outcome,Time,About,By,Address,Number,Event id",
        `token.issued,success,2026-11-30T21:40:05.123Z,screener@acme.example,itself,203.0.113.7,4,${id(4)}`,
        `token.issued,success,2026-11-30T21:40:05.123Z,"'=HYPERLINK(""x"")",screener@acme.example,,3,${id(3)}`,
        `token.issued,success,2026-11-30T21:40:05.123Z,${id(9)},the service,,2,${id(2)}`,
        `client.refused,failure,2026-11-30T21:40:05.123Z,,not authenticated,,1,${id(1)}`,
        "",
      ].join("\r\n"),
    );
  });
});

describe("following the log", () => {
  const names = (...numbers: readonly number[]) =>
    Object.fromEntries(numbers.map((number) => [id(number), { email: `agent-${number}@acme.example` }]));
  /** The answer with the events from one number to another, oldest first. */
  const answer = (first: number, last: number, hasMore = false) => ({
    data: Array.from({ length: last - first + 1 }, (_, at) => event(first + at)),
    nextCursor: hasMore ? "next" : null,
    nextAfterSequence: last,
    agents: names(7),
    missing: [],
  });
  const newest = { data: [event(3), event(2), event(1)], agents: names(7, 8) };
  const sequences = (events: readonly AuditEvent[]) => events.map(({ sequence }) => sequence);
  const filledWith = (followed: Followed, pages: number, isPaused: boolean) =>
    Array.from({ length: pages }, (_, page) => 4 + page * pageSize).reduce(
      (last, first) => received(last, answer(first, first + pageSize - 1, true), isPaused),
      followed,
    );

  it("goes on after the newest event of the list, and from the beginning when there is none", () => {
    expect(follow(newest).afterSequence).toBe(3);
    expect(follow({ data: [], agents: {} }).afterSequence).toBe(0);
  });

  it("shows new events at the top, each once, and goes on where the answer ends", () => {
    const once = received(follow(newest), answer(4, 5), false);
    expect(sequences(once.rows)).toEqual([5, 4, 3, 2, 1]);
    // A filter skips events: the end of the log is further than the last event.
    const filtered = received(once, { ...answer(5, 6), nextAfterSequence: 90 }, false);
    expect(sequences(filtered.rows)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(filtered.afterSequence).toBe(90);
  });

  it("keeps new events back while it is paused, and shows them in their order afterwards", () => {
    const paused = received(received(follow(newest), answer(4, 5), true), answer(6, 6), true);
    expect(sequences(paused.rows)).toEqual([3, 2, 1]);
    expect(sequences(paused.waiting)).toEqual([6, 5, 4]);
    expect(sequences(resumed(paused).rows)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(resumed(paused).waiting).toEqual([]);
  });

  it("asks for no more while as many wait as it can show, and begins anew then", () => {
    const paused = filledWith(follow(newest), maxRows / pageSize, true);
    expect(paused.waiting.length).toBe(maxRows);
    expect(isFull(paused)).toBe(true);
    expect(paused.isBehind).toBe(false);
    expect(resumed(paused)).toMatchObject({ isBehind: true, waiting: [] });
    expect(pauseMs(resumed(paused))).toBe(0);
  });

  it("reads what it has missed at once, but not more than it can show", () => {
    const some = filledWith(follow(newest), 2, false);
    expect([some.isBehind, pauseMs(some), some.rows.length]).toEqual([false, 0, 103]);
    const many = filledWith(follow(newest), 4, false);
    expect([many.isBehind, many.rows.length]).toEqual([true, maxRows]);
  });

  it("forgets the names of agents that no event names any more", () => {
    const first = { data: [event(1, { agentId: id(8) })], agents: names(8) };
    expect(Object.keys(received(follow(first), answer(2, 3), false).agents)).toEqual([id(8), id(7)]);
    expect(Object.keys(filledWith(follow(first), 4, false).agents)).toEqual([id(7)]);
  });

  it("asks every 5 seconds, every 20 after a minute without an event, and every 5 again after one", () => {
    const quiet = { ...answer(1, 0), nextAfterSequence: 3 };
    let followed = follow(newest);
    const pauses = Array.from({ length: 13 }, () => {
      followed = received(followed, quiet, false);
      return pauseMs(followed);
    });
    expect(pauses).toEqual([...Array.from({ length: 11 }, () => 5000), 20_000, 20_000]);
    expect(pauseMs(received(followed, answer(4, 4), false))).toBe(5000);
  });
});
