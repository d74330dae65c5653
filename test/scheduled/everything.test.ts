/** Everything is due at once for 2,000 organizations: each run stays in its budget, and all is done after a bounded number of runs. */
import { beforeAll, expect, it, vi } from "vitest";
import { currentSigningKey } from "../../src/keys/service.ts";
import { hashOf } from "../../src/ledger/chain.ts";
import { contextOf } from "../../src/platform/context.ts";
import type { EventId, OrganizationId } from "../../src/platform/ids.ts";
import { scheduledParts } from "../../src/platform/telemetry/catalogue.ts";
import { signCheckpoint } from "../../src/tenancy/audit/checkpoints/signing.ts";
import { scrape } from "../platform/telemetry/_scrape.ts";
import { newClient, newOrganization, theOperator } from "../support/api.ts";
import { addOrganizations, bindings, heads, idOf, insert, organizationOf, runCron, some } from "./_crowd.ts";

const dayMs = 86_400_000;
const { DB } = bindings;

const count = (table: string, where = "true") =>
  DB.prepare(`SELECT count(*) AS count FROM ${table} WHERE ${where}`).first<number>("count");

/** Chains of the organizations from `first` on: one event, and a checkpoint whose retention has ended. */
async function addExpiredChains(first: number, chains: number): Promise<void> {
  const request = { requestId: "", source: { ip: "", userAgent: "" } };
  const context = contextOf(
    bindings,
    request,
    () => undefined,
    async () => undefined,
  );
  const key = await currentSigningKey(context, "ES256");
  const nowMs = Date.now() - 5_000 * dayMs;
  const rows = await Promise.all(
    some(chains, async (n) => {
      const organizationId = organizationOf(first + n) as OrganizationId;
      const actor = { agentId: null, ip: "203.0.113.7", userAgent: "test" };
      const eventId = idOf(5, n) as EventId;
      const event = {
        eventId,
        sequence: 1,
        organizationId,
        agentId: null,
        action: "member.set" as const,
        outcome: "success" as const,
        actor,
        target: null,
        details: {},
        timestamp: new Date(nowMs).toISOString(),
        previousHash: "0".repeat(64),
      };
      const hash = hashOf(event);
      heads.set(organizationId, { sequence: 1, hash, eventId });
      const checkpoint = await signCheckpoint(key, organizationId, { sequence: 1, hash, eventId }, nowMs);
      return { event, hash, checkpoint };
    }),
  );
  await insert(
    "audit_events",
    rows.map(({ event, hash }) => ({
      organization_id: event.organizationId,
      sequence: 1,
      event_id: event.eventId,
      action: event.action,
      outcome: event.outcome,
      actor: JSON.stringify(event.actor),
      details: "{}",
      timestamp: nowMs,
      previous_hash: event.previousHash,
      hash,
    })),
  );
  await insert(
    "audit_checkpoints",
    rows.map(({ checkpoint: { organizationId, eventId, ...rest } }) => {
      return { organization_id: organizationId, event_id: eventId, ...rest };
    }),
  );
}

const domain = (n: number, fields: object) => ({
  id: idOf(6, n),
  organization_id: organizationOf(n),
  domain: `crowd-${n}.example`,
  challenge: "agentidp-verify=none",
  shared: 0,
  created_at: 0,
  misses: 0,
  updated_at: 0,
  ...fields,
});

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const organization = await newOrganization();
  await newClient(organization.token);
  await theOperator();
  await runCron();
  await addOrganizations(2_000);
  await addExpiredChains(0, 30);
  await insert(
    "audit_chains",
    some(800, (n) => ({
      organization_id: organizationOf(n),
      sequence: n < 30 ? 1 : 0,
      checkpoint_due_at: 1,
      anchor_sequence: 0,
    })),
  );
  await insert(
    "domains",
    some(140, (n) => domain(n, n < 20 ? { status: "pending" } : { status: "verified", verified_at: 0 })),
  );
  await insert(
    "outbox",
    some(2_000, (n) => {
      const [id, organizationId] = [idOf(7, n), organizationOf(n)];
      const event = { id, organizationId, action: "member.set", outcome: "success", details: {}, occurredAtMs: 0 };
      return { id, organization_id: organizationId, event: JSON.stringify(event), created_at: 0, recorded: 0 };
    }),
  );
  // A compromised key that 2,000 ledgers must drop, and another that is due for its rotation.
  await DB.prepare("UPDATE signing_keys SET activated_at = 0, created_at = 0 WHERE state = 'current'").run();
  await insert("signing_keys", [
    { id: "compromised", alg: "ES256", state: "previous", public_jwk: "{}", created_at: 0, compromised_at: Date.now() },
  ]);
  return () => vi.useRealTimers();
});

it("each run sends 800 queries at most, and the gauges fall to 0 within 15 runs", async () => {
  const settings = { DNS_STATIC_RECORDS: "{}" };
  const sent: number[] = [];
  const waiting = async () => {
    const { value } = await scrape();
    const parts = scheduledParts.map((part) => [part, value("agentidp_scheduled_items_waiting", { part })] as const);
    return Object.fromEntries(parts.filter(([, items]) => items > 0));
  };
  const warned = vi.spyOn(console, "warn").mockReturnValue(undefined);
  const failed = vi.spyOn(console, "error");
  const { queries, queued } = await runCron(settings);
  sent.push(queries);
  const first = await waiting();
  expect(Object.keys(first)).toEqual([
    "relay",
    "signing_keys",
    "checkpoints",
    "retention",
    "domain_checks",
    "stale_domains",
  ]);
  expect(first.checkpoints).toBe(500);
  expect(queued.length).toBeGreaterThan(900);
  // The consumer of the queue is tested elsewhere.
  await DB.prepare("DELETE FROM outbox WHERE id NOT IN (SELECT id FROM outbox LIMIT 100)").run();
  while (Object.keys(await waiting()).length > 0) {
    expect(sent.length).toBeLessThan(15);
    vi.setSystemTime(Date.now() + 60_000);
    sent.push((await runCron(settings)).queries);
  }
  expect(Math.max(...sent)).toBeLessThanOrEqual(800);
  // The test would show nothing if there were little to do.
  expect(Math.max(...sent)).toBeGreaterThan(400);
  expect(failed.mock.calls).toEqual([]);
  expect(warned.mock.calls).toEqual([]);

  const left = {
    outbox: await count("outbox"),
    dueChains: await count("audit_chains", "checkpoint_due_at <= 1"),
    expiredEvents: await count("audit_events", "sequence = 1 AND organization_id LIKE '016f6000-%'"),
    domains: await count("domains", "status = 'pending' OR last_checked_at IS NULL"),
    drops: await count("signing_keys", "state <> 'retired' AND compromised_at IS NOT NULL"),
    oldKeys: await count("signing_keys", "state = 'current' AND activated_at = 0"),
  };
  expect(left).toEqual({ outbox: 0, dueChains: 0, expiredEvents: 0, domains: 0, drops: 0, oldKeys: 0 });
});
