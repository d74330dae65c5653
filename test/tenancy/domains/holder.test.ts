/** Whoever controls the name now holds it: take-over, contest, lapse, return. The clock stands still. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { day, hour, later, minute, runCron } from "../../assurance/controls/_cron.ts";
import { adminToken, call } from "../../support/api.ts";
import { type DomainCalls, newHolder, newName, proved, standInResolver, withResolver } from "./_support.ts";

const zone = standInResolver();

beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterAll(() => {
  vi.useRealTimers();
});

const statusOf = async (holder: DomainCalls, name: string) => {
  const { status, body } = await holder.read(name);
  return status === 200 ? body.status : status;
};

const actionsOf = async ({ organization }: DomainCalls, action: string) => {
  const log = await call(`/api/v1/audit?action=${action}`, { token: await adminToken(organization) });
  return log.body.data.length;
};

async function dailyRuns(days: number): Promise<void> {
  for (let n = 0; n < days; n++) {
    later(day + minute);
    await runCron(withResolver);
  }
}

describe("two organizations and one name", () => {
  it("DOMAIN_TAKEN while the holder's record is there, and not before the asker's own is", async () => {
    const [holder, asker] = [await newHolder(), await newHolder()];
    const name = newName();
    const first = await proved(zone, holder, name);
    const { challenge } = (await asker.add(name)).body;
    expect((await asker.verify(name)).body.code).toBe("DOMAIN_NOT_VERIFIED");
    zone.publish(challenge.name, first.challenge.value, challenge.value);
    const answer = await asker.verify(name);
    expect([answer.status, answer.body.code]).toEqual([409, "DOMAIN_TAKEN"]);
    expect(await statusOf(holder, name)).toBe("verified");
  });

  it("taken over by who controls the name now: twice, an hour apart", async () => {
    const [holder, asker] = [await newHolder(), await newHolder()];
    const name = newName();
    const first = await proved(zone, holder, name);
    const { answer, challenge } = await proved(zone, asker, name);
    expect([answer.status, answer.body.code]).toEqual([409, "DOMAIN_TAKEN"]);
    expect(answer.headers.get("Retry-After")).toBe("3600");
    expect(answer.body.details.verifiableAt).toBe(new Date(Date.now() + hour).toISOString());
    expect(await statusOf(holder, name)).toBe("lapsed");
    expect([await actionsOf(holder, "domain.contested"), await actionsOf(asker, "domain.contested")]).toEqual([1, 1]);

    later(hour - 1000);
    expect((await asker.verify(name)).body.code).toBe("DOMAIN_TAKEN");
    later(1000);
    expect((await asker.verify(name)).status).toBe(200);
    expect(await statusOf(holder, name)).toBe(404);

    // The former owner's record comes back: that changes nothing.
    zone.publish(challenge.name, first.challenge.value, challenge.value);
    await dailyRuns(1);
    expect(await statusOf(asker, name)).toBe("verified");
    expect(await statusOf(holder, name)).toBe(404);
  });

  it("a holder whose record is back within the hour keeps the name", async () => {
    const [holder, asker] = [await newHolder(), await newHolder()];
    const name = newName();
    const first = await proved(zone, holder, name);
    const { challenge } = await proved(zone, asker, name);
    later(hour);
    zone.publish(challenge.name, first.challenge.value, challenge.value);
    expect((await asker.verify(name)).body.code).toBe("DOMAIN_TAKEN");
    expect(await statusOf(holder, name)).toBe("verified");
    zone.publish(challenge.name, challenge.value);
    expect((await asker.verify(name)).headers.get("Retry-After")).toBe("3600");
  });

  it("many verifications at once: one holder", async () => {
    const askers = await Promise.all([newHolder(), newHolder(), newHolder()]);
    const name = newName();
    const challenges = await Promise.all(askers.map(async (asker) => (await asker.add(name)).body.challenge));
    zone.publish(challenges[0].name, ...challenges.map(({ value }) => value));
    await Promise.all(askers.flatMap((asker) => Array.from({ length: 7 }, () => asker.verify(name))));
    const statuses = await Promise.all(askers.map((asker) => statusOf(asker, name)));
    expect(statuses.filter((status) => status === "verified")).toHaveLength(1);
  });
});

describe("the daily check", () => {
  it("three misses on three days: lapsed; the record comes back: verified again", async () => {
    const holder = await newHolder();
    const name = newName();
    const { challenge } = await proved(zone, holder, name);
    zone.publish(challenge.name);
    await dailyRuns(2);
    await runCron(withResolver);
    later(hour);
    await runCron(withResolver);
    expect(await statusOf(holder, name)).toBe("verified");
    await dailyRuns(1);
    expect(await statusOf(holder, name)).toBe("lapsed");
    expect(await actionsOf(holder, "domain.lapsed")).toBe(1);
    zone.publish(challenge.name, challenge.value);
    await dailyRuns(1);
    expect((await holder.read(name)).body).toMatchObject({ status: "verified", lapsedAt: null });
  });

  it("a found record between the misses begins the count anew", async () => {
    const holder = await newHolder();
    const name = newName();
    const { challenge } = await proved(zone, holder, name);
    zone.publish(challenge.name);
    await dailyRuns(2);
    zone.publish(challenge.name, challenge.value);
    await dailyRuns(1);
    zone.publish(challenge.name);
    await dailyRuns(2);
    expect(await statusOf(holder, name)).toBe("verified");
  });

  it("a silent resolver changes nothing for thirty days", async () => {
    const holder = await newHolder();
    const name = newName();
    const { challenge } = await proved(zone, holder, name);
    zone.answers.set(challenge.name, { Status: 2 });
    later(29 * day);
    await runCron(withResolver);
    expect(await statusOf(holder, name)).toBe("verified");
    await dailyRuns(2);
    expect(await statusOf(holder, name)).toBe("lapsed");
  });

  it("a pending domain goes after fourteen days", async () => {
    const holder = await newHolder();
    const name = newName();
    await holder.add(name);
    later(14 * day - minute);
    await runCron(withResolver);
    expect(await statusOf(holder, name)).toBe("pending");
    later(2 * minute);
    await runCron(withResolver);
    expect(await statusOf(holder, name)).toBe(404);
  });
});
