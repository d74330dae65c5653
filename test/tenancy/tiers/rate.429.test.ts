/** The minute rate: a token bucket, what its headers say, and that whoever obeys them gets through. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Answer, call, newOrganization, type Organization } from "../../support/api.ts";
import {
  askToken,
  atOnce,
  holdClock,
  limitedOrganization,
  listAgents,
  pass,
  presetRate,
  presetUsage,
  restart,
  tomorrowAt,
  usageOf,
} from "./_support.ts";

beforeEach(() => holdClock(tomorrowAt("10:00:00.000")));
afterEach(() => {
  vi.useRealTimers();
});

const limited = "RATE_LIMIT_EXCEEDED";

/** The parameters of `RateLimit`. */
function rateOf({ headers }: Answer): { readonly remaining: number; readonly resetSeconds: number } {
  const [, remaining, resetSeconds] = /^"burst";r=(\d+);t=(\d+)$/.exec(headers.get("RateLimit") ?? "") ?? [];
  return { remaining: Number(remaining), resetSeconds: Number(resetSeconds) };
}

describe("the bucket", () => {
  it.each([
    ["free", 100, 100],
    ["pro", 300, 1_000],
  ])("of %s holds %i and refills by %i a minute", async (planTier, burst, perMinute) => {
    const organization = await limitedOrganization({ planTier });
    expect(await atOnce(burst + 5, () => listAgents(organization))).toEqual({ 200: burst, [limited]: 5 });
    pass(1_000);
    const aSecond = Math.floor(perMinute / 60);
    expect(await atOnce(aSecond + 5, () => listAgents(organization))).toEqual({ 200: aSecond, [limited]: 5 });
    pass(1_800_000);
    expect(await atOnce(burst + 5, () => listAgents(organization))).toEqual({ 200: burst, [limited]: 5 });
  });

  it("is one for calls and tokens, and what it refuses is not counted", async () => {
    const organization = await limitedOrganization();
    await presetRate(organization, 20);
    const before = await usageOf(organization);
    expect(await atOnce(12, () => askToken(organization))).toEqual({ 200: 12 });
    expect(await atOnce(12, () => listAgents(organization))).toEqual({ 200: 8, [limited]: 4 });
    expect(await atOnce(3, () => askToken(organization))).toEqual({ [limited]: 3 });
    const after = await usageOf(organization);
    expect(after.tokensToday - before.tokensToday).toBe(12);
    expect(after.callsToday - before.callsToday).toBe(8);
  });

  it("attack: suspending agents that do not exist is limited, to ten times the rate", async () => {
    const organization = await limitedOrganization();
    const suspend = () =>
      call(`/api/v1/agents/${crypto.randomUUID()}`, {
        method: "PATCH",
        token: organization.token,
        json: { status: "suspended" },
      });
    await presetRate(organization, 0);
    expect(await atOnce(5, suspend)).toEqual({ AGENT_NOT_FOUND: 5 });
    await presetRate(organization, 20, "exempt_rate");
    expect(await atOnce(30, suspend)).toEqual({ AGENT_NOT_FOUND: 20, [limited]: 10 });
    await presetRate(organization, 1);
    expect((await listAgents(organization)).status).toBe(200);
    pass(1_000);
    // 1,000 a minute.
    expect(await atOnce(20, suspend)).toEqual({ AGENT_NOT_FOUND: 16, [limited]: 4 });
  });

  it("is not filled by a restart", async () => {
    const organization = await limitedOrganization();
    await presetRate(organization, 1);
    expect((await listAgents(organization)).status).toBe(200);
    await restart(organization);
    expect((await listAgents(organization)).status).toBe(429);
  });

  it("refills as Retry-After says on a clock that was put back", async () => {
    const organization = await limitedOrganization();
    await presetRate(organization, 0);
    pass(-30_000);
    expect((await listAgents(organization)).headers.get("Retry-After")).toBe("1");
    pass(1_000);
    expect((await listAgents(organization)).status).toBe(200);
  });

  it("holds up nothing that is taken back, which leaves it as it is", async () => {
    const organization = await limitedOrganization();
    await presetRate(organization, 0);
    const { token } = organization;
    for (let round = 0; round < 30; round++) {
      expect((await call("/api/v1/token/revoke", { token, form: { token: "unknown" } })).status).toBe(200);
    }
    pass(1_000);
    expect((await listAgents(organization)).status).toBe(200);
  });

  it("is not there for an unlimited tier", async () => {
    const organization = await newOrganization({ planTier: "enterprise" });
    const answers = await Promise.all(Array.from({ length: 150 }, () => listAgents(organization)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(answers[0]?.headers.get("RateLimit-Policy")).toBe(null);
    expect(answers[0]?.headers.get("RateLimit")).toBe(null);
  });
});

describe("the headers", () => {
  it("say the policy, what is left, and when the bucket is full again; when nothing is left, what Retry-After says", async () => {
    const organization = await limitedOrganization();
    const first = await listAgents(organization);
    expect(first.headers.get("RateLimit-Policy")).toBe('"burst";q=100;w=60');
    expect(first.headers.get("RateLimit")).toBe('"burst";r=99;t=1');
    await presetRate(organization, 2);
    expect(rateOf(await listAgents(organization))).toEqual({ remaining: 1, resetSeconds: 60 });
    expect(rateOf(await listAgents(organization))).toEqual({ remaining: 0, resetSeconds: 1 });
    const refused = await listAgents(organization);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("Retry-After")).toBe("1");
    expect(rateOf(refused)).toEqual({ remaining: 0, resetSeconds: 1 });
    expect(refused.body.details).toEqual({ limit: "requestsPerMinute", max: 100, retryAfterSeconds: 1 });
    pass(60_000);
    expect(rateOf(await listAgents(organization))).toEqual({ remaining: 99, resetSeconds: 1 });
  });

  it("are on every answer to a token request and to a client that authenticates: one bucket, told alike", async () => {
    const organization = await limitedOrganization();
    const { token } = organization;
    const ask = (path: string, form: Record<string, string>) =>
      call(`/api/v1/${path}`, { basic: organization, form: { token, ...form } });
    const answers = [
      await askToken(organization),
      await ask("oauth2/token", { grant_type: "client_credentials" }),
      await ask("token/introspect", {}),
    ];
    expect(answers.map(({ status, headers }) => [status, headers.get("RateLimit-Policy")])).toEqual(
      Array(3).fill([200, '"burst";q=100;w=60']),
    );
    expect(answers.map((answer) => rateOf(answer).remaining)).toEqual([99, 98, 97]);
    expect(rateOf(await ask("token/revoke", { token: "unknown" })).remaining).toBe(97);
  });

  it("are on a refused token too, with the error of OAuth", async () => {
    const organization = await limitedOrganization();
    await presetRate(organization, 0);
    const refused = await askToken(organization);
    expect([refused.status, refused.body.code, refused.body.error]).toEqual([429, limited, "temporarily_unavailable"]);
    expect(refused.headers.get("Retry-After")).toBe("1");
    expect(refused.headers.get("RateLimit-Policy")).toBe('"burst";q=100;w=60');
  });
});

/** Numbers from 0 up to 1 that look random and are the same in each run. */
function* fractions(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe("a client that obeys", () => {
  it.each([
    ["free", 1],
    ["free", 2],
    ["pro", 3],
  ])("Retry-After is never refused twice in a row: %s, run %i", async (planTier, seed) => {
    const organization = await limitedOrganization({ planTier });
    await presetRate(organization, 20);
    const random = fractions(seed);
    let refusals = 0;
    for (let sent = 0; sent < 250; sent++) {
      const send = random.next().value < 0.5 ? askToken : listAgents;
      const answer = await send(organization);
      if (answer.status === 429) {
        refusals++;
        pass(Number(answer.headers.get("Retry-After")) * 1_000);
        expect((await send(organization)).status).toBe(200);
      } else {
        expect(answer.status).toBe(200);
        pass(Math.floor(random.next().value * (planTier === "free" ? 300 : 30)));
      }
    }
    expect(refusals).toBeGreaterThan(3);
  });

  it.each([4, 5])("RateLimit, and sends at once what it says is left, is never refused: run %i", async (seed) => {
    const organization: Organization = await limitedOrganization();
    await presetRate(organization, 20);
    const random = fractions(seed);
    let { remaining } = rateOf(await listAgents(organization));
    for (let round = 0; round < 25; round++) {
      const answers = await Promise.all(Array.from({ length: remaining }, () => listAgents(organization)));
      expect(answers.map(({ status }) => status)).toEqual(Array(remaining).fill(200));
      pass(1_000 + Math.floor(random.next().value * 9_000));
      ({ remaining } = rateOf(await listAgents(organization)));
    }
  });

  it("resetsAt of a limit of the day or the month is let through then", async () => {
    const organization = await limitedOrganization({ maxTokensPerMonth: 3_000 });
    await presetUsage(organization, { calls_per_day: 1_000, tokens_per_day: 1_000, tokens_per_month: 3_000 });
    const call = await listAgents(organization);
    const token = await askToken(organization);
    vi.setSystemTime(new Date(call.body.details.resetsAt));
    // The access token has expired by then; what is refused is no longer the limit.
    expect((await listAgents(organization)).status).toBe(401);
    vi.setSystemTime(new Date(token.body.details.resetsAt));
    expect((await askToken(organization)).status).toBe(200);
  });
});
