/** What the tests of limits share: the clock, and counts that stand where a test wants them. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { Ledger, UsageCounts } from "../../../src/ledger/contract.ts";
import type { Bucket } from "../../../src/ledger/rate.ts";
import type { Metric } from "../../../src/ledger/usage.ts";
import { inLanes } from "../../../src/platform/lanes.ts";
import { type Answer, adminToken, type Body, call, newOrganization, type Organization } from "../../support/api.ts";

const { ORG_LEDGER } = env as unknown as { ORG_LEDGER: DurableObjectNamespace };

export const ledgerStub = ({ organizationId }: Organization) => ORG_LEDGER.get(ORG_LEDGER.idFromName(organizationId));
export const usageOf = (organization: Organization): Promise<UsageCounts> =>
  (ledgerStub(organization) as unknown as Ledger).usage();

/** Restarts the organization's ledger: what it knows after is what it has on disk. */
export const restart = (organization: Organization) => evictDurableObject(ledgerStub(organization));

/** Holds the clock of the Worker and of the ledgers at a moment. */
export function holdClock(at: string | number | Date): void {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(at) });
}

/** Moves the held clock. */
export function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** The day after today at this time, UTC: later than anything that has been stored. */
export function tomorrowAt(time: string): number {
  const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  return Date.parse(`${day}T${time}Z`);
}

/** Lets the organization have used so many in the present period, as its ledger has it on disk. */
export async function presetUsage(organization: Organization, counts: Partial<Record<Metric, number>>): Promise<void> {
  const now = new Date().toISOString();
  await runInDurableObject(ledgerStub(organization), async (instance, state) => {
    // What waits in the journal would be entered over it.
    await (instance as unknown as Ledger).flush();
    for (const [metric, count] of Object.entries(counts)) {
      const period = now.slice(0, metric.endsWith("month") ? 7 : 10);
      state.storage.sql.exec("INSERT OR REPLACE INTO usage VALUES (?, ?, ?)", metric, period, count);
    }
  });
  await restart(organization);
}

/** Lets a bucket of the organization have so many requests left at this moment, as its ledger has it on disk. */
export async function presetRate(organization: Organization, requests: number, bucket: Bucket = "rate"): Promise<void> {
  await runInDurableObject(ledgerStub(organization), async (instance, state) => {
    await (instance as unknown as Ledger).flush();
    state.storage.sql.exec(`INSERT OR REPLACE INTO ${bucket} VALUES (1, ?, ?)`, requests, Date.now());
  });
  await restart(organization);
}

/** An organization of a tier with limits, whose admin has a token of this moment and whose bucket is full. */
export async function limitedOrganization(fields: Record<string, unknown> = {}): Promise<Organization> {
  const organization = await newOrganization({ planTier: "free", ...fields });
  const token = await adminToken(organization);
  pass(60_000);
  return { ...organization, token };
}

export const listAgents = ({ token }: Organization) => call("/api/v1/agents", { token });
export const askToken = (client: Organization) =>
  call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials" } });
export const status = async ({ token }: Organization): Promise<Body> =>
  (await call("/api/v1/tiers/status", { token })).body;

/** So many requests at once, and how many got each outcome: a status, or the code of the problem. */
export async function atOnce(count: number, send: () => Promise<Answer>): Promise<Record<string, number>> {
  // More concurrent ones would wait longer for the ledger, on a busy machine, than a request does.
  const answers = await inLanes(50, Array.from({ length: count }), send);
  const outcomes = answers.map(({ status, body }) => (status < 300 ? String(status) : body.code));
  return Object.fromEntries([...new Set(outcomes)].map((one) => [one, outcomes.filter((it) => it === one).length]));
}
