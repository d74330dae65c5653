/**
 * Attacks a write route: each call that it makes of a dependency fails in turn, in each way. The answer must be true, nothing
 * may leak, and once things work again the same request leads to the state that it leads to without failures.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bindings } from "../../../src/platform/env.ts";
import type { Answer } from "../../support/api.ts";
import {
  bindings,
  clockAhead,
  failing,
  giveBack,
  innermost,
  isOtherWay,
  type Mode,
  modes,
  takeOver,
  whileFailing,
} from "./faults.ts";
import { loggedLines } from "./log.ts";
import { comeToAnEnd, type SentCall, sendTo } from "./send.ts";

/** A request that is ready to be sent, and what is there to see of it. */
export interface World {
  readonly path: string;
  readonly call: SentCall;
  /** All that is there, once whatever waits has been handed on: the same in every world after the same requests. */
  state(): Promise<readonly string[]>;
  /** Settings of the request. */
  readonly settings?: Partial<Bindings>;
}

/** Another answer than an error that says the truth when a call has failed, and when the request may come again. */
export interface OtherTruth {
  readonly told: string;
  readonly retryAfterMs: number;
}

export interface Scenario {
  /** A world of its own for each run. */
  world(): Promise<World>;
  /** What else may be answered when a call of this kind has failed. */
  readonly orTells?: (hit: string) => OtherTruth | null;
}

/** Scenarios by the operation that they attack; several of one operation have a word more, as in `issueToken: by assertion`. */
export type Scenarios = Readonly<Record<string, Scenario>>;

/** What is compared of an answer. */
function told({ status, body }: Answer): string {
  const { code, valid, active, status: outcome } = body ?? {};
  return [status, code, valid, active, outcome].filter((part) => part !== undefined).join(" ");
}

const leaks = new RegExp(
  `${innermost.slice(0, 9)}|D1_|SQLITE|stack|\\bat [\\w.]+ \\(|/srv/|\\.ts\\b|SELECT |INSERT |sa_sec_|whsec_|PRIVATE`,
);

/** The one error that a failing dependency leads to (conventions, "Errors"). */
function expectUnavailable(answer: Answer, path: string, which: string): void {
  const { status, headers, body, text } = answer;
  expect(status, `${which}: ${text}`).toBe(503);
  expect(headers.get("Retry-After")).toMatch(/^[1-9][0-9]*$/);
  expect(headers.get("Content-Type")).toBe("application/json");
  const isOAuth = /^\/api\/v1\/(token|oauth2|oidc\/token)/.test(path);
  expect(body, text).toStrictEqual({
    code: "SERVICE_UNAVAILABLE",
    message: expect.any(String),
    hint: "Try again after `Retry-After` seconds.",
    docs: expect.stringMatching(/\/errors#SERVICE_UNAVAILABLE$/),
    requestId: expect.any(String),
    ...(isOAuth ? { error: "temporarily_unavailable", error_description: expect.any(String) } : {}),
  });
  expect(headers.get("X-Request-Id")).toBe(body.requestId);
  expect(text).not.toMatch(leaks);
}

/** The log is read by more people than the records, and holds no secret. */
function expectDiscreetLog(which: string): void {
  for (const line of loggedLines()) expect(line, which).not.toMatch(/params:|sa_sec_|sa_del_|whsec_|eyJ|"cause":\{\}/);
}

const request = (world: World, env: Bindings) => sendTo({ ...env, ...world.settings }, world.path, world.call);

/** What is so without failures: after one request, and after the same one twice. */
async function withoutFailures(scenario: Scenario) {
  const world = await scenario.world();
  const first = await whileFailing(0, "before", () => request(world, failing));
  expect(first.status, first.text).toBeLessThan(300);
  const afterOnce = await world.state();
  const second = await request(world, bindings);
  expect(second.status, second.text).toBeLessThan(500);
  const afterTwice = await world.state();
  return { first, second, afterOnce, afterTwice };
}

type Reference = Awaited<ReturnType<typeof withoutFailures>>;

/** One run; tells whether there was a call to fail. */
async function run(scenario: Scenario, reference: Reference, at: number, mode: Mode): Promise<boolean> {
  const { first, second, afterOnce, afterTwice } = reference;
  const world = await scenario.world();
  loggedLines();
  const outcome = await whileFailing(at, mode, () => request(world, failing));
  const which = `${outcome.hit} ${mode}: call ${at} of ${outcome.calls.join(", ")}`;
  const isAsEver = told(outcome) === told(first);
  if (outcome.hit === null) {
    expect(told(outcome), outcome.text).toBe(told(first));
    return false;
  }
  expectDiscreetLog(which);
  const other = scenario.orTells?.(outcome.hit) ?? null;
  if (isAsEver) {
    expect(await world.state(), which).toStrictEqual(afterOnce);
  } else if (told(outcome) === other?.told) {
    const again = await clockAhead(other.retryAfterMs, () => request(world, bindings));
    expect(told(again), `${which}: ${again.text}`).toBe(told(first));
    await world.state();
  } else {
    expectUnavailable(outcome, world.path, which);
    const again = await request(world, bindings);
    expect([told(first), told(second)], `${which}: ${again.text}`).toContain(told(again));
    const state = await world.state();
    if (JSON.stringify(state) !== JSON.stringify(afterTwice)) expect(state, which).toStrictEqual(afterOnce);
  }
  return true;
}

/** A machine that has much else to do is no failure. */
const patienceMs = 900_000;

/** More calls than any request makes. */
const mostCalls = 60;

/** The tests of some scenarios. */
export function attack(scenarios: Scenarios, ways: readonly Mode[] = modes): void {
  beforeAll(takeOver);
  afterAll(async () => {
    giveBack();
    await comeToAnEnd();
  });
  describe.each(Object.entries(scenarios))("%s", (_, scenario) => {
    let reference: Promise<Reference> | null = null;

    it.each(ways)("each call fails: %s", { timeout: patienceMs }, async (mode) => {
      reference ??= withoutFailures(scenario);
      const { first } = await reference;
      // That nothing fails behind the last call is the same in each way, so the first way shows it.
      const end = mode === ways[0] ? mostCalls : first.calls.length;
      let at = 1;
      for (; at <= end; at++) {
        if (isOtherWay(first.calls[at - 1], mode) && !(await run(scenario, await reference, at, mode))) break;
      }
      expect(at).toBeGreaterThan(1);
      expect(at).toBeLessThan(mostCalls);
    });
  });
}
