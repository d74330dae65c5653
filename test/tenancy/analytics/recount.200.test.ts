/** Analytics equal a recount from the audit log, over a month of traffic. */
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type AgentClient, delegate, exchange } from "../../identity/delegation/_parties.ts";
import {
  adminToken,
  type Body,
  call,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
  tokenFor,
} from "../../support/api.ts";
import { analytics, byAgent, byDay, byHourOfWeek, issuedTokens } from "./_recount.ts";

const { ORG_LEDGER } = env as unknown as { ORG_LEDGER: DurableObjectNamespace };
const dayMs = 86_400_000;
/** Thirty-one days with a leap day and the end of a month among them. */
const first = Date.parse("2028-02-10T00:00:00.000Z");
const days = 31;
/** Days on which nobody asks for a token, two of them in a row. */
const quietDays = [3, 11, 12, 25];

/** mulberry32: the same traffic each time. */
let seed = 20_280_229;
function random(): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
const below = (bound: number) => Math.floor(random() * bound);
const oneOf = <T>(values: readonly T[]) => values[below(values.length)]!;

let organization: Organization;
let agents: AgentClient[];
let delegator: AgentClient;
/** How often each kind of thing was done, to show that the month had all of them. */
const done = new Map<string, number>();

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: first });
  organization = await newOrganization();
  delegator = await newClient(organization.token, { grantedScopes: ["agents:read", "audit:read", "webhooks:read"] });
  agents = [];
  for (let number = 0; number < 5; number++) agents.push(await newClient(organization.token));
});
afterAll(() => vi.useRealTimers());

const ledger = () => ORG_LEDGER.get(ORG_LEDGER.idFromName(organization.organizationId));
const request = (client: Body, form: Record<string, string> = {}) =>
  call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials", ...form } });

async function expectStatus(answer: Promise<Body>, status: number) {
  const { status: actual, text } = await answer;
  expect(actual, text).toBe(status);
}

const traffic: Record<string, { readonly weight: number; run(): Promise<unknown> }> = {
  token: { weight: 30, run: () => expectStatus(request(oneOf(agents)), 200) },
  burst: {
    weight: 4,
    run: () => Promise.all(Array.from({ length: 2 + below(6) }, () => expectStatus(request(oneOf(agents)), 200))),
  },
  tokenOfAnotherOrganization: { weight: 3, run: async () => tokenFor(await theOperator()) },
  wrongSecret: {
    weight: 4,
    run: () => expectStatus(request({ ...oneOf(agents), clientSecret: `sa_sec_${"A".repeat(49)}` }), 401),
  },
  refusedScope: { weight: 4, run: () => expectStatus(request(oneOf(agents), { scope: "agents:write" }), 400) },
  overLimit: {
    weight: 2,
    run: async () => {
      const token = await adminToken(await theOperator());
      const path = `/api/v1/organizations/${organization.organizationId}`;
      await expectStatus(call(path, { method: "PATCH", token, json: { maxTokensPerMonth: 1 } }), 200);
      await expectStatus(request(oneOf(agents)), 403);
      await expectStatus(call(path, { method: "PATCH", token, json: { maxTokensPerMonth: null } }), 200);
    },
  },
  delegated: {
    weight: 4,
    run: async () => {
      const token = await tokenFor(delegator, { scope: "audit:read webhooks:read" });
      const delegatee = oneOf(agents);
      const { body } = await delegate(token, delegatee.agentId);
      await expectStatus(exchange(delegatee, body.delegationToken), 200);
      const other = agents.find(({ agentId }) => agentId !== delegatee.agentId)!;
      await expectStatus(exchange(other, body.delegationToken), 400);
    },
  },
  introspection: {
    weight: 3,
    run: async () => {
      const agent = oneOf(agents);
      const token = await tokenFor(agent);
      await expectStatus(call("/api/v1/token/introspect", { basic: agent, form: { token } }), 200);
    },
  },
  // Few, because each takes a second.
  eviction: {
    weight: 2,
    run: async () => {
      await expectStatus(request(oneOf(agents)), 200);
      await evictDurableObject(ledger());
    },
  },
  alarm: { weight: 8, run: () => runDurableObjectAlarm(ledger()) },
};

const lots = Object.entries(traffic).flatMap(([name, { weight }]) => Array<string>(weight).fill(name));

async function doOne(name: string) {
  done.set(name, (done.get(name) ?? 0) + 1);
  await traffic[name]!.run();
}

async function expectRecount() {
  const token = await tokenFor(organization);
  const [issued, tokens, week, quarter, activity, perAgent] = [
    await issuedTokens(token),
    await analytics(token, "tokens"),
    await analytics(token, "tokens?days=7"),
    await analytics(token, "tokens?days=90"),
    await analytics(token, "agents/activity"),
    await analytics(token, "agents"),
  ];
  const tenantId = organization.organizationId;
  expect(tokens).toStrictEqual({ tenantId, days: 30, data: byDay(issued, 30) });
  expect(week).toStrictEqual({ tenantId, days: 7, data: byDay(issued, 7) });
  expect(quarter).toStrictEqual({ tenantId, days: 90, data: byDay(issued, 90) });
  // The calls of each hour are in no log: no cell may have less than its tokens. `boundaries.200.test.ts` counts them.
  const requests = new Map<string, number>(
    activity.data.map(({ dow, hour, count }: Body) => [`${dow} ${hour}`, count]),
  );
  for (const { dow, hour, count } of byHourOfWeek(issued)) {
    expect(requests.get(`${dow} ${hour}`)).toBeGreaterThanOrEqual(count);
  }
  expect(perAgent).toStrictEqual({
    tenantId,
    month: new Date().toISOString().slice(0, 7),
    data: byAgent(issued),
  });
  return { issued, tokens, activity, perAgent };
}

it("day by day, hour by hour, agent by agent, at the end of each week, of the month, and of it all", async () => {
  for (let day = 0; day < days; day++) {
    const start = first + day * dayMs;
    const isQuiet = quietDays.includes(day);
    const times = isQuiet ? [] : Array.from({ length: 4 + below(12) }, () => below(dayMs)).sort((a, b) => a - b);
    for (const time of day % 3 === 0 && !isQuiet ? [0, ...times, dayMs - 1] : times) {
      // The time of set-up itself has passed.
      vi.setSystemTime(Math.max(Date.now(), start + time));
      await doOne(oneOf(lots));
    }
    const isLeapDay = start === Date.parse("2028-02-29");
    if (isLeapDay || day % 7 === 6) {
      vi.setSystemTime(start + dayMs - 1);
      await expectRecount();
    }
    if (isLeapDay) {
      vi.setSystemTime(start + dayMs);
      await expectRecount();
    }
  }
  vi.setSystemTime(first + days * dayMs - 1);
  const { issued, tokens, activity, perAgent } = await expectRecount();

  expect([...done.keys()].sort()).toEqual(Object.keys(traffic).sort());
  expect(issued.length).toBeGreaterThan(150);
  expect(tokens.data.filter(({ count }: Body) => count === 0)).toHaveLength(quietDays.length);
  expect(activity.data.length).toBeGreaterThan(50);
  expect(perAgent.data).toHaveLength(agents.length + 2);
}, 180_000);
