/** Chains that are long, old, or lost by their ledger. */
import {
  createExecutionContext,
  createScheduledController,
  evictDurableObject,
  runInDurableObject,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { hashOf } from "../../../src/ledger/chain.ts";
import type { AuditEvent, Ledger } from "../../../src/ledger/contract.ts";
import { newId } from "../../../src/platform/ids.ts";
import worker from "../../../src/worker.ts";
import { type Body, call } from "../../support/api.ts";

const bindings = env as unknown as { DB: D1Database; ORG_LEDGER: DurableObjectNamespace };
export const { DB } = bindings;

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

const stub = (organizationId: string) => bindings.ORG_LEDGER.get(bindings.ORG_LEDGER.idFromName(organizationId));
export const ledger = (organizationId: string) => stub(organizationId) as unknown as Ledger;

/** What happens every minute. */
export async function cron(): Promise<void> {
  const execution = createExecutionContext();
  await worker.scheduled(createScheduledController(), env as never, execution);
  await waitOnExecutionContext(execution);
}

/** All checkpoints of the caller's organization, newest first. */
export async function checkpointsOf(token: string): Promise<Body[]> {
  const answer = await call("/api/v1/audit/checkpoints?limit=100", { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data;
}

const someEvent = (organizationId: string) => ({
  id: newId(Date.now()),
  organizationId,
  action: "token.introspected",
  outcome: "success",
  agentId: null,
  actor: { agentId: null, ip: "203.0.113.7", userAgent: "test" },
  target: null,
  details: { active: false },
  occurredAtMs: Date.now(),
});

/** Lets the ledger append so many events. */
export async function appendEvents(organizationId: string, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 2000) {
    const events = Array.from({ length: Math.min(left, 2000) }, () => someEvent(organizationId));
    await ledger(organizationId).record(events as never);
  }
}

/** Changes the ledger's storage behind its back, and lets it forget what it has in memory. */
export async function changeLedger(organizationId: string, change: (storage: DurableObjectStorage) => unknown) {
  await runInDurableObject(stub(organizationId), async (_, state) => {
    await change(state.storage);
  });
  await evictDurableObject(stub(organizationId));
}

/** The ledger loses everything that it has in its storage. The tables stay, for a request that may be under way. */
export const loseLedger = (organizationId: string) =>
  changeLedger(organizationId, ({ sql }) => {
    const tables = sql.exec(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    );
    for (const { name } of tables.toArray()) sql.exec(`DELETE FROM ${name}`);
  });

const insertEvents = `INSERT INTO audit_events SELECT value ->> 'organizationId', value ->> 'sequence', value ->> 'eventId',
  value ->> 'agentId', value ->> 'action', value ->> 'outcome', value -> 'actor', value ->> 'target', value -> 'details',
  value ->> 'ms', value ->> 'previousHash', value ->> 'hash' FROM json_each(?)`;

/** Puts so many events behind the chain, in D1 and in the ledger, without taking the way through the ledger. */
export async function seedChain(organizationId: string, count: number): Promise<void> {
  let { sequence, hash } = await ledger(organizationId).flush();
  let eventId = "";
  const last = sequence + count;
  while (sequence < last) {
    const page: (AuditEvent & { ms: number })[] = [];
    while (page.length < 2000 && sequence < last) {
      sequence += 1;
      const ms = Date.now();
      const { id, occurredAtMs: _, ...fields } = someEvent(organizationId);
      eventId = id;
      const details = { scope: "agents:read audit:read", grant: "client_credentials", number: sequence };
      const event = {
        ...fields,
        eventId,
        sequence,
        details,
        timestamp: new Date(ms).toISOString(),
        previousHash: hash,
      };
      hash = hashOf(event as never);
      page.push({ ...(event as unknown as AuditEvent), ms, hash });
    }
    await DB.prepare(insertEvents).bind(JSON.stringify(page)).run();
  }
  await changeLedger(organizationId, ({ sql }) => {
    sql.exec("UPDATE chain_head SET sequence = ?, hash = ?, event_id = ?", sequence, hash, eventId);
  });
}
