/** One attempt, the schedule and slow endpoints, used by something that has a clock and a memory of its own: no table, no queue. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { attempt, type Endpoint } from "../../src/deliveries/attempt.ts";
import { nextAfter, type Schedule } from "../../src/deliveries/schedule.ts";
import { endsInTime, isSlow, slowWidth } from "../../src/deliveries/slow.ts";
import { settingsOf } from "../../src/platform/env.ts";
import {
  advance,
  answer,
  answerLater,
  answerWith,
  bindings,
  giveBack,
  requests,
  signed,
  takeOver,
} from "./_support.ts";

beforeEach(takeOver);
afterEach(giveBack);

/** No bindings: what an attempt needs of its surroundings. */
const context = { requestId: null, settings: settingsOf(bindings), now: () => Date.now() };
const message = { id: "m-1", type: "mail", body: "hello" };

/** One, two, four seconds, and then every hour. */
const schedule: Schedule = { pausesMs: [1_000, 2_000, 4_000, 3_600_000], jitter: 0, longestRetryAfterMs: 3_600_000 };

/** A mailbox: it keeps when its push is due, as an alarm would, and until when its endpoint is slow. */
function newMailbox(url = "https://mailbox.example.com/push") {
  const mailbox = { slowUntil: 0, attempts: 0, dueMs: Date.now() as number | null, underWay: 0 };
  const endpoint = (): Endpoint => ({
    id: "mailbox-1",
    url,
    slowUntil: mailbox.slowUntil,
    sign: (signing) => ({ ...signed("a mailbox's", signing), "X-Mail": signing.type }),
  });
  const alarm = async () => {
    const to = endpoint();
    if (isSlow(to, Date.now()) && mailbox.underWay >= slowWidth) return { ended: Promise.resolve(), inTime: false };
    mailbox.underWay++;
    const sent = attempt(context, to, message);
    const inTime = await endsInTime(context, sent, async (untilMs) => {
      mailbox.slowUntil = untilMs;
    });
    const settle = async () => {
      const outcome = await sent;
      mailbox.underWay--;
      const next = nextAfter(schedule, outcome, ++mailbox.attempts, Date.now(), 0.5);
      mailbox.dueMs = next.status === "failed" ? Date.now() + next.pauseMs : null;
    };
    return { ended: settle(), inTime };
  };
  return { mailbox, alarm };
}

it("three failures and a success: four attempts, at the times of the schedule, signed by the endpoint", async () => {
  const { mailbox, alarm } = newMailbox();
  const startMs = Date.now();
  let failures = 3;
  answer((url, init) => answerWith(failures-- > 0 ? 503 : 200)(url, init));
  while (mailbox.dueMs !== null) {
    advance(mailbox.dueMs - Date.now());
    await (await alarm()).ended;
  }
  expect(requests().map(({ atMs }) => atMs - startMs)).toEqual([0, 1_000, 3_000, 7_000]);
  expect(requests()[3]).toMatchObject({
    url: "https://mailbox.example.com/push",
    headers: { authorization: "Bearer a mailbox's", "x-mail": "mail" },
    body: "hello",
  });
  expect(mailbox).toMatchObject({ attempts: 4, slowUntil: 0 });
});

it("an endpoint that takes long is slow for a minute, and the fifth request is its last at once", async () => {
  const { mailbox, alarm } = newMailbox();
  const { release, underWay } = answerLater();
  const first = await alarm();
  expect(first.inTime).toBe(false);
  expect(mailbox.slowUntil).toBe(Date.now() + 60_000);
  const others = Array.from({ length: 6 }, alarm);
  await expect.poll(underWay).toBe(5);
  release();
  for (const { ended } of [first, ...(await Promise.all(others))]) await ended;
  expect(requests().length).toBe(5);
  const { slowUntil } = mailbox;
  expect([isSlow({ slowUntil }, slowUntil - 1), isSlow({ slowUntil }, slowUntil)]).toEqual([true, false]);
});

describe("an attempt", () => {
  const endpoint: Endpoint = { id: "e", url: "https://receiver.example.com/", slowUntil: 0, sign: () => ({}) };

  it.each([
    [200, true, null],
    [204, true, null],
    [404, false, "answered 404"],
    [503, false, "answered 503"],
  ])("%d is an outcome", async (status, ok, error) => {
    answer(() => new Response(status === 204 ? null : "text", { status, headers: { "Retry-After": "5" } }));
    expect(await attempt(context, endpoint, message)).toEqual({
      ok,
      httpStatusCode: status,
      responseBody: status === 204 ? "" : "text",
      error,
      note: null,
      retryAfter: ok ? null : "5",
      startedAtMs: Date.UTC(2026, 0, 1),
      durationMs: 0,
    });
  });

  it("to an address that must not be called is an outcome, and nothing is sent", async () => {
    answer(answerWith(200));
    const outcome = await attempt(context, { ...endpoint, url: "https://10.0.0.1/" }, message);
    expect(outcome).toMatchObject({ ok: false, httpStatusCode: null, retryAfter: null });
    expect(requests()).toEqual([]);
  });

  it("keeps 1 KiB of the answer, or as much as is wished", async () => {
    answer(() => new Response("x".repeat(5_000)));
    expect((await attempt(context, endpoint, message)).responseBody).toBe("x".repeat(1_024));
    const bounds = { timeoutMs: 10_000, keptBytes: 4_000 };
    expect((await attempt(context, endpoint, message, bounds)).responseBody).toBe("x".repeat(4_000));
  });

  it("ends after its time", async () => {
    answer(
      (_, { signal }) =>
        new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true })),
    );
    const outcome = await attempt(context, endpoint, message, { timeoutMs: 50, keptBytes: 0 });
    expect(outcome).toMatchObject({ ok: false, error: "no complete answer within 50 ms" });
  });

  it("that cannot be signed is none: nothing is sent", async () => {
    answer(answerWith(200));
    const sign = () => Promise.reject(new Error("no key"));
    await expect(attempt(context, { ...endpoint, sign }, message)).rejects.toThrow("no key");
    expect(requests()).toEqual([]);
  });
});

describe("waiting for an attempt", () => {
  it("ends with it, also when it rejects", async () => {
    const marks: number[] = [];
    const mark = async (untilMs: number) => void marks.push(untilMs);
    const failed = Promise.reject(new Error("broke off"));
    expect([await endsInTime(context, Promise.resolve(), mark), await endsInTime(context, failed, mark)]).toEqual([
      true,
      true,
    ]);
    expect(marks).toEqual([]);
  });

  it("goes on when the mark cannot be kept", async () => {
    const never = new Promise(() => undefined);
    expect(await endsInTime(context, never, () => Promise.reject(new Error("down")))).toBe(false);
  });
});
