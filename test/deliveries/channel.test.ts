/** A channel beside webhooks: its table, queue, signature and schedule are its own. */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  advance,
  answer,
  answerLater,
  answerWith,
  attemptAll,
  attemptIn,
  bindings,
  deviceOf,
  giveBack,
  makeTables,
  newDevice,
  newNotice,
  noticeOf,
  outcomes,
  repeat,
  requests,
  requeueAll,
  sweepAll,
  takeMessages,
  takeOver,
  triesOf,
} from "./_support.ts";

beforeAll(makeTables);
beforeEach(takeOver);
afterEach(giveBack);

const startMs = Date.UTC(2026, 0, 1);

describe("a delivery", () => {
  it("is sent with the endpoint's own headers, and its row says what came of it", async () => {
    answer(answerWith(202));
    const device = await newDevice();
    await newNotice(device, "p-1");
    await attemptAll({ deliveries: ["p-1"] });
    expect(requests()).toEqual([
      {
        url: `https://${device}.example.com/notices`,
        headers: {
          authorization: `Bearer token of ${device}`,
          "content-type": "application/x-notice",
          "user-agent": expect.stringMatching(/^SentryAgent-AgentIdP\//),
          // HMAC-SHA-512 of `p-1.1767225600.{"n":1}` under `a-push-secret`, by Python's hmac.
          "x-notice-signature":
            "ebfd9e584b965db877b72244ee2c3d07572653078a136b7036822092b0b2f52b222657c8537e5bb0056e55a9d292cd149a75beb59c04479b804d877778ef513b",
        },
        body: '{"n":1}',
        atMs: startMs,
      },
    ]);
    expect(await noticeOf("p-1")).toMatchObject({
      status: "delivered",
      attempt_count: 1,
      http_status_code: 202,
      response_body: "so be it",
      due_at: null,
      claimed_until: null,
      delivered_at: startMs,
    });
    expect(outcomes()).toEqual(["delivered"]);
    expect(takeMessages()).toEqual([]);
  });

  it("that fails is attempted again on the channel's own schedule, and then given up", async () => {
    answer(answerWith(500));
    const notice = await newNotice(await newDevice());
    await attemptAll({ deliveries: [notice] });
    expect(takeMessages()).toEqual([{ body: { notice }, delaySeconds: 1 }]);
    expect(await noticeOf(notice)).toMatchObject({ status: "failed", attempt_count: 1, due_at: startMs + 1_000 });
    advance(1_000);
    await attemptAll({ deliveries: [notice] });
    expect(takeMessages()).toEqual([{ body: { notice }, delaySeconds: 5 }]);
    advance(5_000);
    await attemptAll({ deliveries: [notice] });
    expect(await noticeOf(notice)).toMatchObject({ status: "dead_letter", attempt_count: 3, due_at: null });
    expect(takeMessages()).toEqual([]);
    expect(outcomes()).toEqual(["failed", "failed", "dead_letter"]);
    expect(requests().map(({ atMs }) => atMs - startMs)).toEqual([0, 1_000, 6_000]);
  });

  it("waits as long as Retry-After says, up to the channel's own bound", async () => {
    answer(answerWith(503, { "Retry-After": "3600" }));
    const notice = await newNotice(await newDevice());
    await attemptAll({ deliveries: [notice] });
    expect(takeMessages()).toEqual([{ body: { notice }, delaySeconds: 20 }]);
  });

  it("is over when its batch is, where the endpoint answers in time", async () => {
    answer(answerWith(200));
    const notice = await newNotice(await newDevice());
    const { ended } = await attemptIn({ deliveries: [notice] });
    expect(await noticeOf(notice)).toMatchObject({ status: "delivered" });
    await ended();
  });

  it("that is due for longest comes first, when a message names the endpoint", async () => {
    answer(answerWith(200));
    const device = await newDevice();
    const first = await newNotice(device);
    advance(1);
    const second = await newNotice(device);
    advance(1);
    await attemptAll({ endpoints: [device] });
    expect((await Promise.all([first, second].map(noticeOf))).map((row) => row?.status)).toEqual([
      "delivered",
      "pending",
    ]);
    expect(takeMessages()).toEqual([{ body: { device }, delaySeconds: 0 }]);
  });

  it("that two batches attempt at the same time is sent once", async () => {
    answer(answerWith(200));
    const notice = await newNotice(await newDevice());
    await Promise.all([attemptAll({ deliveries: [notice] }), attemptAll({ deliveries: [notice, notice] })]);
    expect(requests().length).toBe(1);
  });
});

describe("the attempts of a delivery", () => {
  it("are kept with their time, status, error and duration, also those before a repetition", async () => {
    const device = await newDevice();
    const notice = await newNotice(device);
    const taking = (ms: number, response: () => Response) =>
      answer(() => {
        advance(ms);
        return response();
      });
    taking(1_234, () => new Response("no", { status: 503 }));
    await attemptAll({ deliveries: [notice] });
    expect(await triesOf(notice)).toEqual([[1, startMs, 503, "answered 503", 1_234]]);
    taking(7, () => {
      throw new TypeError("Network connection lost.");
    });
    advance(1_000);
    await attemptAll({ deliveries: [notice] });
    await repeat(device, notice);
    // A clock that is set back makes no negative duration.
    taking(-5, () => new Response(null, { status: 204 }));
    await attemptAll({ deliveries: [notice] });
    expect(await noticeOf(notice)).toMatchObject({ status: "delivered", attempt_count: 1 });
    expect(await triesOf(notice)).toEqual([
      [1, startMs, 503, "answered 503", 1_234],
      [2, startMs + 2_234, null, "could not connect, or no HTTP response: the connection was refused or closed", 7],
      [3, startMs + 2_241, 204, null, 0],
    ]);
  });

  it("are the last 20, whether they succeed, fail or are given up; another delivery loses none", async () => {
    const device = await newDevice();
    const [notice, other] = [await newNotice(device), await newNotice(device)];
    answer(answerWith(200));
    await attemptAll({ deliveries: [other] });
    for (let number = 1; number <= 23; number++) {
      answer(answerWith(number % 2 === 0 ? 200 : 500 + number));
      await attemptAll({ deliveries: [notice] });
      await repeat(device, notice);
    }
    answer(answerWith(410));
    await attemptAll({ deliveries: [notice] });
    const kept = (await triesOf(notice)).map(([number, , status]) => [number, status]);
    const repeated = Array.from({ length: 19 }, (_, n) => [n + 5, n % 2 === 0 ? 505 + n : 200]);
    expect(kept).toEqual([...repeated, [24, 410]]);
    expect(await triesOf(other)).toHaveLength(1);
    expect(await deviceOf(device)).toMatchObject({ active: 0, failure_count: 1 });
  });

  it("do not have one whose claim was over when it ended", async () => {
    const device = await newDevice();
    const notice = await newNotice(device);
    answer(async () => {
      await repeat(device, notice);
      return new Response(null, { status: 500 });
    });
    await attemptAll({ deliveries: [notice] });
    expect([await noticeOf(notice), await triesOf(notice)]).toMatchObject([
      { status: "pending", attempt_count: 0 },
      [],
    ]);
    answer(answerWith(200));
    await attemptAll({ deliveries: [notice] });
    expect(await triesOf(notice)).toEqual([[1, startMs, 200, null, 0]]);
  });
});

describe("an endpoint", () => {
  it("is disabled when the channel's rule says so, and a success begins its count anew", async () => {
    const device = await newDevice();
    const giveUpOne = async () => {
      const notice = await newNotice(device);
      for (const pauseMs of [0, 1_000, 5_000]) {
        advance(pauseMs);
        await attemptAll({ deliveries: [notice] });
      }
    };
    answer(answerWith(500));
    await giveUpOne();
    expect(await deviceOf(device)).toMatchObject({ failure_count: 1, active: 1 });
    answer(answerWith(200));
    await attemptAll({ deliveries: [await newNotice(device)] });
    expect(await deviceOf(device)).toMatchObject({ failure_count: 0, active: 1 });
    answer(answerWith(500));
    await giveUpOne();
    await giveUpOne();
    expect(await deviceOf(device)).toMatchObject({ failure_count: 2, active: 0 });
    const before = requests().length;
    await attemptAll({ deliveries: [await newNotice(device)] });
    expect(requests().length).toBe(before);
  });

  it("that is gone is disabled at once", async () => {
    answer(answerWith(410));
    const device = await newDevice();
    const notice = await newNotice(device);
    await attemptAll({ deliveries: [notice] });
    expect(await noticeOf(notice)).toMatchObject({ status: "dead_letter", attempt_count: 1 });
    expect(await deviceOf(device)).toMatchObject({ active: 0 });
  });

  it("that takes long is waited for for two seconds, is marked, and gets five requests at once", async () => {
    const { release, underWay } = answerLater();
    const device = await newDevice();
    const first = await attemptIn({ deliveries: [await newNotice(device)] });
    expect(first.waitedMs).toBeGreaterThan(1_900);
    expect(await deviceOf(device)).toMatchObject({ slow_until: startMs + 60_000 });
    const due = await Promise.all(Array.from({ length: 6 }, () => newNotice(device)));
    const batches = [];
    for (const notice of due) batches.push(await attemptIn({ deliveries: [notice] }));
    for (const { waitedMs } of batches) expect(waitedMs).toBeLessThan(1_900);
    expect(underWay()).toBe(5);
    release();
    for (const { ended } of [first, ...batches]) await ended();
    // Each attempt that ended has the next one made, by the name of the endpoint.
    expect(takeMessages()).toEqual(Array(5).fill({ body: { device }, delaySeconds: 0 }));
    answer(answerWith(200));
    await attemptAll({ endpoints: [device, device] });
    expect((await Promise.all(due.map(noticeOf))).map((row) => row?.status)).toEqual(Array(6).fill("delivered"));
    expect(await deviceOf(device)).toMatchObject({ slow_until: 0 });
  }, 60_000);
});

describe("the sweep", () => {
  it("queues what is overdue for an active endpoint, and nothing before that", async () => {
    const device = await newDevice();
    await newNotice(device);
    await newNotice(await newDevice({ active: 0 }));
    await sweepAll();
    expect(takeMessages()).toEqual([]);
    advance(15_000);
    await sweepAll();
    expect(takeMessages()).toEqual(Array(10).fill({ body: { device }, delaySeconds: 0 }));
    await bindings.DB.exec("DELETE FROM test_notices");
  });

  it("deletes what was finished 30 days ago, and nothing that is not finished", async () => {
    answer(answerWith(200));
    const device = await newDevice();
    const [finished, waiting] = [await newNotice(device), await newNotice(device)];
    await attemptAll({ deliveries: [finished] });
    advance(30 * 86_400_000 - 1);
    await sweepAll();
    expect(await noticeOf(finished)).not.toBe(null);
    advance(1);
    expect(await triesOf(finished)).toHaveLength(1);
    await sweepAll();
    expect([await noticeOf(finished), (await noticeOf(waiting))?.status]).toEqual([null, "pending"]);
    expect(await triesOf(finished)).toEqual([]);
  });
});

it("what the queue has given up is set going again, a minute later", async () => {
  answer(answerWith(200));
  const [device, other] = [await newDevice(), await newDevice()];
  const [waiting, finished] = [await newNotice(device), await newNotice(await newDevice())];
  await attemptAll({ deliveries: [finished] });
  await requeueAll({ deliveries: [waiting, finished], endpoints: [other] });
  expect(takeMessages()).toEqual([device, other].map((id) => ({ body: { device: id }, delaySeconds: 60 })));
});
