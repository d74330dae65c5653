/** Which places of the audit chain must be signed, when, and what is written about it to D1. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Checkpoints } from "../../src/ledger/checkpoints.ts";
import type { OrganizationId } from "../../src/platform/ids.ts";
import { atOnce, clockAt, DB, newLedger, newMemberWithLedger, noon } from "./_support.ts";

const hourMs = 3_600_000;
const timestamp = new Date(noon).toISOString();
const place = (sequence: number) => ({ sequence, hash: `hash-${sequence}`, eventId: `event-${sequence}` });

const withCheckpoints = <T>(run: (checkpoints: Checkpoints, sql: SqlStorage) => T | Promise<T>) =>
  newLedger().inside(({ sql }) => run(new Checkpoints(sql), sql));

/** Notes the events of these numbers, all of them at noon. */
const note = (checkpoints: Checkpoints, ...sequences: number[]) => {
  for (const sequence of sequences) checkpoints.note({ ...place(sequence), timestamp, action: "token.issued" });
};
const due = (checkpoints: Checkpoints, end: number, atMs = noon, renew = false) =>
  checkpoints.due(place(end), atMs, renew).map(({ sequence }) => sequence);

describe("a checkpoint is due", () => {
  it("at every 10,000th event, however fast they come, the oldest first", async () => {
    await withCheckpoints((checkpoints) => {
      note(checkpoints, 1, 9_999);
      expect(due(checkpoints, 9_999)).toEqual([]);
      note(checkpoints, 10_000);
      expect(checkpoints.due(place(10_000), noon, false)).toEqual([place(10_000)]);
      note(checkpoints, 10_001, 20_000, 20_001);
      expect(checkpoints.due(place(20_001), noon, false)).toEqual([place(10_000), place(20_000)]);
    });
  });

  it("at the end of a chain that has moved, an hour after the last one", async () => {
    await withCheckpoints((checkpoints) => {
      note(checkpoints, 1, 2);
      expect(due(checkpoints, 2, noon + hourMs - 1)).toEqual([]);
      expect(checkpoints.due(place(2), noon + hourMs, false)).toEqual([place(2)]);
      checkpoints.made(2, noon + hourMs);
      expect(due(checkpoints, 2, noon + 100 * hourMs)).toEqual([]);
      note(checkpoints, 3);
      expect(due(checkpoints, 3, noon + 2 * hourMs - 1)).toEqual([]);
      expect(due(checkpoints, 3, noon + 2 * hourMs)).toEqual([3]);
    });
  });

  it("once, where the end of the chain is a 10,000th event", async () => {
    await withCheckpoints((checkpoints) => {
      note(checkpoints, 1, 10_000);
      expect(due(checkpoints, 10_000, noon + hourMs)).toEqual([10_000]);
      note(checkpoints, 10_001);
      expect(due(checkpoints, 10_001, noon + hourMs)).toEqual([10_000, 10_001]);
    });
  });

  it("at the end at once when the signature is to be renewed, unless there is no event", async () => {
    await withCheckpoints((checkpoints) => {
      expect(due(checkpoints, 0, noon + hourMs, true)).toEqual([]);
      note(checkpoints, 1);
      checkpoints.made(1, noon);
      expect(due(checkpoints, 1, noon, true)).toEqual([1]);
    });
  });
});

describe("a checkpoint that was made", () => {
  it("clears the places up to it, and no later one", async () => {
    await withCheckpoints((checkpoints) => {
      note(checkpoints, 1, 10_000, 20_000, 30_000);
      checkpoints.made(20_000, noon);
      expect(due(checkpoints, 30_000)).toEqual([30_000]);
      checkpoints.made(10_000, noon);
      expect(due(checkpoints, 30_000)).toEqual([30_000]);
    });
  });

  it("attack: a report that comes late or twice does not delay the next checkpoint", async () => {
    await withCheckpoints((checkpoints) => {
      note(checkpoints, 1, 2, 3);
      checkpoints.made(2, noon);
      checkpoints.made(1, noon + 1_000);
      checkpoints.made(2, noon + 1_000);
      expect(due(checkpoints, 3, noon + hourMs)).toEqual([3]);
      expect(checkpoints.nextDueAtMs(place(3))).toBe(noon + hourMs);
    });
  });
});

describe("the next checkpoint", () => {
  it("is due after an hour, at once when a place waits, and never when all is signed", async () => {
    await withCheckpoints((checkpoints) => {
      expect(checkpoints.nextDueAtMs(place(0))).toBeNull();
      note(checkpoints, 1);
      expect(checkpoints.nextDueAtMs(place(1))).toBe(noon + hourMs);
      checkpoints.made(1, noon + 5);
      expect(checkpoints.nextDueAtMs(place(1))).toBeNull();
      expect(checkpoints.nextDueAtMs(place(2))).toBe(noon + 5 + hourMs);
      note(checkpoints, 10_000);
      expect(checkpoints.nextDueAtMs(place(10_000))).toBe(0);
    });
  });
});

describe("the anchor", () => {
  it("is 0 at first, and only ever rises", async () => {
    await withCheckpoints((checkpoints) => {
      checkpoints.anchorAt(7);
      expect(checkpoints.anchorSequence).toBe(0);
      note(checkpoints, 1);
      const anchors = [5, 3, 6].map((sequence) => {
        checkpoints.anchorAt(sequence);
        return checkpoints.anchorSequence;
      });
      expect(anchors).toEqual([5, 5, 6]);
    });
  });
});

describe("a restart", () => {
  it("continues from storage", async () => {
    const { inside, rows } = newLedger();
    await inside(({ sql }) => {
      const checkpoints = new Checkpoints(sql);
      note(checkpoints, 1, 10_000);
      checkpoints.made(1, noon + 5);
      checkpoints.anchorAt(1);
    });
    await inside(({ sql }) => {
      const checkpoints = new Checkpoints(sql);
      expect(checkpoints.anchorSequence).toBe(1);
      expect(checkpoints.due(place(10_001), noon + 5 + hourMs - 1, false)).toEqual([place(10_000)]);
      expect(due(checkpoints, 10_001, noon + 5 + hourMs)).toEqual([10_000, 10_001]);
      note(checkpoints, 10_001);
    });
    expect(await rows("chain_extent")).toEqual([
      { one: 1, checkpoint_sequence: 1, checkpoint_ms: noon + 5, anchor_sequence: 1 },
    ]);
    expect(await rows("due_checkpoints")).toEqual([{ sequence: 10_000, hash: "hash-10000", event_id: "event-10000" }]);
  });

  it("without storage continues from the last checkpoint and the anchor in D1", async () => {
    const id = crypto.randomUUID() as OrganizationId;
    const checkpoint = (organizationId: string, sequence: number, ms: number) =>
      DB.prepare("INSERT INTO audit_checkpoints VALUES (?, ?, 'event', 'hash', ?, 'kid', 'jws')").bind(
        organizationId,
        sequence,
        ms,
      );
    await DB.batch([
      checkpoint(id, 4, noon),
      checkpoint(id, 9, noon + 5),
      checkpoint(crypto.randomUUID(), 12, noon + 9),
      DB.prepare("INSERT INTO audit_chains VALUES (?, 11, NULL, 'kid', 4, '[]')").bind(id),
    ]);
    await withCheckpoints(async (checkpoints) => {
      await checkpoints.resumeFrom(DB, crypto.randomUUID() as OrganizationId);
      expect([checkpoints.anchorSequence, checkpoints.nextDueAtMs(place(11))]).toEqual([0, null]);
      await checkpoints.resumeFrom(DB, id);
      expect([checkpoints.anchorSequence, checkpoints.nextDueAtMs(place(11))]).toEqual([4, noon + 5 + hourMs]);
      expect(checkpoints.nextDueAtMs(place(9))).toBeNull();
    });
  });
});

describe("the row in D1", () => {
  it("never goes back, in whatever order the flushes arrive", async () => {
    const id = crypto.randomUUID() as OrganizationId;
    const inD1 = () =>
      DB.prepare(
        "SELECT sequence, checkpoint_due_at AS due, anchor_sequence AS anchor FROM audit_chains WHERE organization_id = ?",
      )
        .bind(id)
        .first();
    await withCheckpoints(async (checkpoints) => {
      const write = (sequence: number) => checkpoints.marking(DB, id, sequence, place(sequence), "[]").run();
      await write(0);
      expect(await inD1()).toEqual({ sequence: 0, due: null, anchor: 0 });
      note(checkpoints, 1);
      const early = checkpoints.marking(DB, id, 2, place(2), "[]");
      note(checkpoints, 10_000);
      await write(10_000);
      expect(await inD1()).toEqual({ sequence: 10_000, due: 0, anchor: 0 });
      await early.run();
      expect(await inD1()).toEqual({ sequence: 10_000, due: 0, anchor: 0 });
      // All is signed now. The scheduled run clears the due time, this statement never does.
      checkpoints.made(10_000, noon);
      await write(10_000);
      expect(await inD1()).toEqual({ sequence: 10_000, due: 0, anchor: 0 });
    });
  });
});

describe("in the ledger", () => {
  beforeEach(() => clockAt(noon));
  afterEach(() => void vi.useRealTimers());

  it("the end is due an hour after the chain began, also after a restart; two runs at once get the same answer", async () => {
    const { issue, ledger, restart } = await newMemberWithLedger();
    expect(await ledger.dueCheckpoints(true)).toEqual([]);
    await atOnce(3, () => issue());
    clockAt(noon + hourMs - 1);
    expect(await ledger.dueCheckpoints(false)).toEqual([]);
    await restart();
    clockAt(noon + hourMs);
    const [first, second] = await atOnce(2, () => ledger.dueCheckpoints(false));
    expect(first).toEqual([
      { sequence: 3, hash: expect.stringMatching(/^[0-9a-f]{64}$/), eventId: expect.any(String) },
    ]);
    expect(second).toEqual(first);
    expect(await atOnce(2, () => ledger.noteCheckpoint(3))).toEqual([null, null]);
    expect(await ledger.dueCheckpoints(false)).toEqual([]);
    await issue();
    expect(await ledger.noteCheckpoint(3)).toBe(noon + 2 * hourMs);
  });

  it("the anchor is known after a crash", async () => {
    const { issue, ledger, crash } = await newMemberWithLedger();
    await atOnce(3, () => issue());
    await ledger.anchorAt(2);
    await crash();
    await ledger.anchorAt(1);
    expect(await ledger.flush()).toMatchObject({ sequence: 3, anchorSequence: 2 });
  });
});
