/** Counts on their way to their tables: one row for a commit, and each counted once, wherever the object crashes. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Activity } from "../../src/ledger/activity.ts";
import { Journal } from "../../src/ledger/journal.ts";
import { Rate } from "../../src/ledger/rate.ts";
import { Usage } from "../../src/ledger/usage.ts";
import type { AgentId, CredentialId } from "../../src/platform/ids.ts";
import { limitValues } from "../support/value-limit.ts";
import { atOnce, clockAt, newLedger, newMemberWithLedger, noon } from "./_support.ts";

beforeEach(() => clockAt(noon));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const limit = { requestsPerMinute: 100, burst: 20 };
const agent = "agent-1" as AgentId;

/** The parts and their journal, as an object that starts makes them. */
function start(sql: SqlStorage) {
  const parts = { usage: new Usage(sql), activity: new Activity(sql), rate: new Rate(sql, "rate") };
  return { ...parts, journal: new Journal(sql, parts) };
}
type Started = ReturnType<typeof start>;

/** Counts what a token counts. */
function count({ usage, activity, rate }: Started, times: number): void {
  for (let token = 0; token < times; token++) {
    usage.add("tokens_per_day", noon);
    activity.addToken(agent, noon);
    rate.take(limit, noon);
  }
}

const entries = (sql: SqlStorage) =>
  sql
    .exec<{ changes: string }>("SELECT changes FROM journal ORDER BY entry")
    .toArray()
    .map(({ changes }) => JSON.parse(changes));

/** What the tables have, and how many rows the journal has. */
function stored(sql: SqlStorage) {
  const first = (query: string) => sql.exec(query).toArray()[0] ?? null;
  return {
    usage: first("SELECT count FROM usage WHERE metric = 'tokens_per_day'")?.count ?? 0,
    byAgent: first("SELECT count FROM tokens_by_agent")?.count ?? 0,
    left: first("SELECT requests FROM rate")?.requests ?? null,
    waiting: first("SELECT count(*) AS n FROM journal")?.n,
  };
}

/** Runs in a transaction that is rolled back, as when the object crashes in it. */
function rolledBack(storage: DurableObjectStorage, run: () => unknown): void {
  expect(() =>
    storage.transactionSync(() => {
      run();
      throw new Error("rolled back");
    }),
  ).toThrow("rolled back");
}

describe("a commit of very many counts", () => {
  it("writes rows of at most 500 each, and an object that starts has every count once", async () => {
    await newLedger().inside(({ sql }) => {
      const started = start(sql);
      for (let index = 0; index < 1_200; index++) {
        started.activity.addToken(`agent-${index}` as AgentId, noon);
        started.usage.use(`credential-${index}` as CredentialId, noon + index);
        started.usage.add("tokens_per_day", noon);
      }
      started.journal.write();
      const sizes = entries(sql).map(({ usage, activity }) => [usage.lastUses.length, activity[1].length]);
      expect(sizes).toEqual([
        [500, 500],
        [500, 500],
        [200, 200],
      ]);
      start(sql);
      expect(stored(sql)).toMatchObject({ usage: 1_200, byAgent: 1, waiting: 0 });
      const one = (query: string) => [...sql.exec(query).raw()][0];
      expect(one("SELECT count(*), sum(count) FROM tokens_by_agent")).toEqual([1_200, 1_200]);
      expect(one("SELECT sum(count) FROM tokens_by_hour")).toEqual([1_200]);
      expect(one("SELECT count(*), max(at_ms) FROM last_uses")).toEqual([1_200, noon + 1_199]);
    });
  });
});

describe("a journal of any length", () => {
  it("of 60,000 agents, as a version without pages has left it: the object starts, and has every count once", async () => {
    const ledger = newLedger();
    await ledger.inside(({ sql }) => {
      start(sql);
      for (let row = 0; row < 6; row++) {
        const buckets = Array.from({ length: 10_000 }, (_, index) => ({
          values: ["2028-02-29", `agent-${row}-${index}`],
          count: 2,
        }));
        sql.exec("INSERT INTO journal (changes) VALUES (?)", JSON.stringify({ activity: [[], buckets, []] }));
      }
    });
    const refused = await limitValues();
    await ledger.inside(({ sql }) => {
      start(sql);
      const [sum] = sql.exec("SELECT count(*) AS agents, sum(count) AS tokens FROM tokens_by_agent").toArray();
      expect(sum).toEqual({ agents: 60_000, tokens: 120_000 });
      expect(entries(sql)).toEqual([]);
    });
    expect(refused).toEqual([]);
  });

  it("goes to the tables in steps, each of at most 500 rows or a single large one", async () => {
    await newLedger().inside(({ sql }) => {
      const steps: number[] = [];
      let restored = 0;
      const part = {
        drain: () => null,
        restore: () => void restored++,
        save: () => {
          steps.push(restored);
          restored = 0;
        },
      };
      new Journal(sql, { part });
      sql.exec("DELETE FROM journal");
      const add = (text: string) =>
        sql.exec("INSERT INTO journal (changes) VALUES (?)", JSON.stringify({ part: text }));
      for (let row = 0; row < 1_100; row++) add("");
      for (let row = 0; row < 3; row++) add("x".repeat(600_000));
      new Journal(sql, { part });
      expect(steps).toEqual([500, 500, 100, 1, 1, 1]);
      expect(entries(sql)).toEqual([]);
    });
  });
});

describe("a commit", () => {
  it("writes one row, whatever was counted and for however many", async () => {
    await newLedger().inside(({ sql }) => {
      const started = start(sql);
      count(started, 2);
      started.activity.addToken("agent-2" as AgentId, noon);
      started.activity.addCall(noon);
      started.usage.use("credential-1" as CredentialId, noon);
      started.journal.write();
      expect(entries(sql)).toEqual([
        {
          usage: {
            counts: [{ metric: "tokens_per_day", period: "2028-02-29", count: 2 }],
            lastUses: [["credential-1", noon]],
          },
          activity: [
            [{ values: ["2028-02-29", 12], count: 3 }],
            [
              { values: ["2028-02-29", "agent-1"], count: 2 },
              { values: ["2028-02-29", "agent-2"], count: 1 },
            ],
            [],
            [{ values: ["2028-02-29", 12], count: 1 }],
          ],
          rate: { requests: 18, atMs: noon },
        },
      ]);
      expect(stored(sql)).toEqual({ usage: 0, byAgent: 0, left: null, waiting: 1 });
    });
  });

  it("writes of each part what is new, and no row when nothing is", async () => {
    await newLedger().inside(({ sql }) => {
      const started = start(sql);
      started.journal.write();
      expect(entries(sql)).toEqual([]);
      count(started, 1);
      started.journal.write();
      started.journal.write();
      started.usage.add("tokens_per_day", noon);
      started.journal.write();
      expect(entries(sql).map((entry) => Object.keys(entry))).toEqual([["usage", "activity", "rate"], ["usage"]]);
      expect(entries(sql)[1].usage.counts).toEqual([{ metric: "tokens_per_day", period: "2028-02-29", count: 2 }]);
    });
  });

  it("that is rolled back has counted nothing", async () => {
    const { inside } = newLedger();
    await inside((storage) => {
      const started = start(storage.sql);
      count(started, 2);
      storage.transactionSync(() => started.journal.write());
      count(started, 3);
      rolledBack(storage, () => started.journal.write());
    });
    await inside(({ sql }) => {
      start(sql);
      expect(stored(sql)).toEqual({ usage: 2, byAgent: 2, left: 18, waiting: 0 });
    });
  });
});

describe("entering the counts in their tables", () => {
  it("enters what waits and what was counted since, and empties the journal", async () => {
    await newLedger().inside(({ sql }) => {
      const started = start(sql);
      count(started, 2);
      started.journal.write();
      count(started, 3);
      started.journal.enter();
      expect(stored(sql)).toEqual({ usage: 5, byAgent: 5, left: 15, waiting: 0 });
      started.journal.enter();
      count(started, 1);
      started.journal.write();
      started.journal.enter();
      expect(stored(sql)).toEqual({ usage: 6, byAgent: 6, left: 14, waiting: 0 });
    });
  });

  it("that is rolled back leaves everything in the journal, and the next start counts it once", async () => {
    const { inside } = newLedger();
    await inside((storage) => {
      const started = start(storage.sql);
      count(started, 4);
      started.journal.write();
      rolledBack(storage, () => started.journal.enter());
      expect(stored(storage.sql)).toEqual({ usage: 0, byAgent: 0, left: null, waiting: 1 });
    });
    await inside(({ sql }) => {
      start(sql);
      expect(stored(sql)).toEqual({ usage: 4, byAgent: 4, left: 16, waiting: 0 });
    });
  });
});

describe("a start", () => {
  it("enters the rows that are left, in their order, and counts on from there", async () => {
    const { inside } = newLedger();
    await inside(({ sql }) => {
      const started = start(sql);
      for (const times of [1, 2, 4]) {
        count(started, times);
        started.journal.write();
      }
      expect(stored(sql).waiting).toBe(3);
      // Counted but never committed, so no answer depends on it.
      count(started, 5);
    });
    await inside(({ sql }) => {
      const started = start(sql);
      expect(stored(sql)).toEqual({ usage: 7, byAgent: 7, left: 13, waiting: 0 });
      expect(started.usage.count("tokens_per_day", noon)).toBe(7);
      expect(started.rate.state(limit, noon).remaining).toBe(13);
    });
    await inside(({ sql }) => {
      const started = start(sql);
      count(started, 1);
      started.journal.enter();
      expect(stored(sql)).toEqual({ usage: 8, byAgent: 8, left: 12, waiting: 0 });
    });
  });

  it("that is rolled back is repeated without counting twice", async () => {
    const { inside } = newLedger();
    await inside(({ sql }) => {
      const started = start(sql);
      count(started, 3);
      started.journal.write();
    });
    await inside((storage) => rolledBack(storage, () => start(storage.sql)));
    await inside(({ sql }) => {
      start(sql);
      expect(stored(sql)).toEqual({ usage: 3, byAgent: 3, left: 17, waiting: 0 });
    });
  });

  it("skips an unknown part, such as one of another version", async () => {
    await newLedger().inside(({ sql }) => {
      start(sql);
      const row = { unknown: { x: 1 }, rate: { requests: 4, atMs: noon } };
      sql.exec("INSERT INTO journal (changes) VALUES (?)", JSON.stringify(row));
      start(sql);
      expect(stored(sql)).toEqual({ usage: 0, byAgent: 0, left: 4, waiting: 0 });
    });
  });
});

describe("in the ledger", () => {
  it("attack: an object that crashes before and after its alarm counts each token once", async () => {
    const { issue, crash, alarm, rows, ledger } = await newMemberWithLedger();
    await atOnce(7, () => issue());
    await crash();
    expect(await rows("journal")).toEqual([]);
    await atOnce(4, () => issue());
    expect(await rows("journal")).not.toEqual([]);
    await alarm();
    expect(await rows("journal")).toEqual([]);
    await crash();
    await issue();
    await crash();
    expect((await rows("tokens_by_hour")).map((row) => row.count)).toEqual([12]);
    expect(await ledger.usage()).toMatchObject({ tokensToday: 12, tokensThisMonth: 12 });
  });

  it("tokens that are requested at once are fewer rows than tokens", async () => {
    const { issue, rows } = await newMemberWithLedger();
    await issue();
    const before = (await rows("journal")).length;
    await atOnce(40, () => issue());
    const written = (await rows("journal")).length - before;
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(40);
  });
});
