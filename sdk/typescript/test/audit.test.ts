/** Following an audit log that has lost events, or does not have them any more: no service makes these logs at will. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessToken, AgentIdPClient, type FollowOptions, type MissingEvents } from "@sentryagent/idp-sdk";
import { type Answers, base, fetching, is } from "./_answers.ts";

const event = (sequence: number) => ({
  ...{ eventId: `event-${sequence}`, sequence, organizationId: "1", agentId: null, action: "agent.created" },
  ...{ outcome: "success", actor: { agentId: null, ip: "", userAgent: "" }, target: null, details: {} },
  ...{ timestamp: "2026-01-01T00:00:00.000Z", previousHash: "0", hash: "0" },
});

interface Order {
  readonly missing?: readonly MissingEvents[];
  readonly more?: boolean;
}

/** A page in order: up to its last event, unless it says otherwise. */
const page = (sequences: readonly number[], nextAfterSequence: number, { missing = [], more = false }: Order = {}) =>
  [
    200,
    { data: sequences.map(event), nextCursor: more ? "next" : null, agents: {}, nextAfterSequence, missing },
  ] as const;

/** Follows through these answers. */
function following(answers: Answers, options: FollowOptions = {}) {
  const { fetch, sent } = fetching(answers);
  const waits: number[] = [];
  const clock = {
    ...{ now: Date.now, monotonic: () => performance.now(), random: () => 0 },
    sleep: async (milliseconds: number) => void waits.push(milliseconds),
  };
  const client = new AgentIdPClient(base, new AccessToken("token"), { fetch, clock, maxRetries: 0 });
  const events = client.audit.follow({ intervalMs: 10, ...options });
  const positions = () => sent.map(({ url }) => Number(new URL(url).searchParams.get("afterSequence")));
  return { events, positions, sent, waits };
}

/** The sequences of the next events. */
async function next(events: AsyncIterable<{ readonly sequence: number }>, count: number): Promise<number[]> {
  const sequences: number[] = [];
  for await (const { sequence } of events) {
    sequences.push(sequence);
    if (sequences.length === count) break;
  }
  return sequences;
}

test("each request begins where the service says, also after pages without a match", async () => {
  const answers = [page([3, 4], 4, { more: true }), page([], 90), page([], 95), page([96], 96)];
  const { events, positions, sent, waits } = following(answers, { fromSequence: 3, action: "agent.created" });
  assert.deepEqual(await next(events, 3), [3, 4, 96]);
  assert.deepEqual(positions(), [2, 4, 90, 95]);
  assert.deepEqual(waits, [10, 10]);
  const { searchParams } = new URL(sent[0]?.url ?? "");
  assert.deepEqual(Object.fromEntries(searchParams), {
    action: "agent.created",
    afterSequence: "2",
    limit: "100",
    order: "asc",
  });
});

test("lost events are reported in their order, and the events after them follow", async () => {
  const missing = [
    { fromSequence: 1, toSequence: 1 },
    { fromSequence: 4, toSequence: 6 },
    { fromSequence: 8, toSequence: 9 },
  ];
  const seen: (number | string)[] = [];
  const onMissing = async ({ fromSequence, toSequence }: MissingEvents) =>
    void seen.push(`${fromSequence}-${toSequence}`);
  const { events, positions } = following([page([2, 3, 7], 9, { missing }), page([10], 10)], { onMissing });
  for await (const { sequence } of events) {
    seen.push(sequence);
    if (sequence === 10) break;
  }
  assert.deepEqual(seen, ["1-1", 2, 3, "4-6", 7, "8-9", 10]);
  assert.deepEqual(positions(), [0, 9]);
});

test("without `onMissing` lost events end it, and it can go on after them", async () => {
  const missing = [{ fromSequence: 2, toSequence: 3 }];
  const { events } = following([page([1, 4], 4, { missing })]);
  const seen: number[] = [];
  await assert.rejects(
    async () => {
      for await (const { sequence } of events) seen.push(sequence);
    },
    is({ kind: "Api", code: "AUDIT_EVENTS_MISSING" }),
  );
  assert.deepEqual(seen, [1]);
  assert.equal(events.nextSequence, 2);
  await assert.rejects(next(following([page([4], 4, { missing })], { fromSequence: 2 }).events, 1), (error) => {
    assert.deepEqual((error as { details?: unknown }).details, { fromSequence: 2, toSequence: 3 });
    return true;
  });
});

test("an error of `onMissing` is the caller's, and the position stays", async () => {
  const onMissing = () => {
    throw new RangeError("stop");
  };
  const { events } = following([page([], 3, { missing: [{ fromSequence: 1, toSequence: 3 }] })], { onMissing });
  await assert.rejects(next(events, 1), RangeError);
  assert.equal(events.nextSequence, 1);
});

test("the position is there while it runs, and a second loop goes on from it", async () => {
  const { events, positions } = following([page([5, 6], 6), page([6], 8), page([9], 9)], { fromSequence: 5 });
  assert.equal(events.nextSequence, 5);
  assert.deepEqual(await next(events, 1), [5]);
  assert.equal(events.nextSequence, 6);
  assert.deepEqual(await next(events, 2), [6, 9]);
  assert.deepEqual(positions(), [4, 5, 8]);
  assert.equal(events.nextSequence, 10);
});

test("events that were removed, and a position after the end, are errors that say so", async () => {
  const removed = { code: "AUDIT_EVENTS_REMOVED", message: "Removed.", details: { firstSequence: 7 } };
  const gone = following([[410, removed]], { fromSequence: 2 });
  await assert.rejects(next(gone.events, 1), (error) => {
    assert.deepEqual((error as { details?: unknown }).details, { firstSequence: 7 });
    return is({ kind: "NotFound", code: "AUDIT_EVENTS_REMOVED", httpStatus: 410 })(error);
  });
  const issues = [{ path: "afterSequence", message: "must be at most 8", received: 98 }];
  const beyond = following([[400, { code: "VALIDATION_ERROR", message: "Wrong.", details: { issues } }]], {
    fromSequence: 99,
  });
  await assert.rejects(next(beyond.events, 1), (error) => {
    assert.deepEqual((error as { issues?: unknown }).issues, issues);
    return is({ kind: "Api", code: "VALIDATION_ERROR", httpStatus: 400 })(error);
  });
  assert.equal(gone.sent.length + beyond.sent.length, 2);
});

test("an aborted signal ends it between two events", async () => {
  const ender = new AbortController();
  const { events } = following([page([1, 2], 2)], { signal: ender.signal });
  const seen: number[] = [];
  for await (const { sequence } of events) {
    seen.push(sequence);
    ender.abort();
  }
  assert.deepEqual(seen, [1]);
  assert.equal(events.nextSequence, 2);
});
