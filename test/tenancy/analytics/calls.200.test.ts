/** Calls by route and status class, as whoever answers them notes them in the ledger. */
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { AnsweredCalls, Ledger } from "../../../src/ledger/contract.ts";
import { newOrganization, tokenFor } from "../../support/api.ts";
import { analytics } from "./_recount.ts";

const { ORG_LEDGER } = env as unknown as { ORG_LEDGER: DurableObjectNamespace };

/** Routes that no test calls, so that only what is noted here is counted. */
const list = "/test/list";
const read = "/test/read/{id}";

function note(organizationId: string, calls: readonly AnsweredCalls[]) {
  return (ORG_LEDGER.get(ORG_LEDGER.idFromName(organizationId)) as unknown as Ledger).noteCalls(calls);
}

const noted = async (token: string, path = "calls") =>
  (await analytics(token, path)).data.filter(({ route }: AnsweredCalls) => route.startsWith("/test/"));

afterEach(() => vi.useRealTimers());

describe("calls", () => {
  it("are summed over the days, by route and then by status class", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2027-04-30T23:00:00.000Z") });
    const organization = await newOrganization();
    const { organizationId } = organization;
    await note(organizationId, [
      { day: "2027-04-30", route: read, statusClass: "4xx", count: 2 },
      { day: "2027-04-30", route: list, statusClass: "5xx", count: 1 },
      { day: "2027-04-30", route: read, statusClass: "2xx", count: 40 },
    ]);
    vi.setSystemTime(new Date("2027-05-01T00:00:00.000Z"));
    await note(organizationId, [
      { day: "2027-05-01", route: read, statusClass: "2xx", count: 3 },
      // Answered before midnight, noted after it.
      { day: "2027-04-30", route: read, statusClass: "2xx", count: 1 },
    ]);
    const token = await tokenFor(organization);
    expect(await noted(token)).toEqual([
      { route: list, statusClass: "5xx", count: 1 },
      { route: read, statusClass: "2xx", count: 44 },
      { route: read, statusClass: "4xx", count: 2 },
    ]);
    expect(await noted(token, "calls?days=1")).toEqual([{ route: read, statusClass: "2xx", count: 3 }]);
  });

  it("are those of the token's organization, and none where there were none", async () => {
    const [one, other] = [await newOrganization(), await newOrganization()];
    const day = new Date().toISOString().slice(0, 10);
    await note(one.organizationId, [{ day, route: list, statusClass: "3xx", count: 7 }]);
    expect(await noted(one.token)).toEqual([{ route: list, statusClass: "3xx", count: 7 }]);
    expect(await noted(other.token)).toEqual([]);
  });
});
