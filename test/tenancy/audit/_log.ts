/** Reading the audit log in tests, and doing to it what must be found. */
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { hashOf } from "../../../src/ledger/chain.ts";
import { type Body, call } from "../../support/api.ts";

/** All events that fit the query, oldest first, read in pages of 100. */
export async function eventsOf(token: string, query: Record<string, string> = {}): Promise<Body[]> {
  const events: Body[] = [];
  for (let cursor: string | null = null; ; ) {
    const parameters: Record<string, string> = { limit: "100", ...query, ...(cursor === null ? {} : { cursor }) };
    const answer = await call(`/api/v1/audit?${new URLSearchParams(parameters)}`, { token });
    expect(answer.status, answer.text).toBe(200);
    events.push(...answer.body.data);
    cursor = answer.body.nextCursor;
    if (cursor === null) return events.reverse();
  }
}

/** The verdict over the whole chain, or over a time range. */
export async function verify(token: string, query: Record<string, string> = {}): Promise<Body> {
  const answer = await call(`/api/v1/audit/verify?${new URLSearchParams(query)}`, { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

const { DB } = env as unknown as { DB: D1Database };

/** Runs a statement on the log in the database, as whoever got hold of it would. */
export async function tamper(sql: string, ...values: unknown[]) {
  const { meta } = await DB.prepare(sql)
    .bind(...values)
    .run();
  expect(meta.changes).toBeGreaterThan(0);
}

/** Gives the event at the index another target, and makes its hash and all behind it fit. */
export async function rewriteFrom(events: readonly Body[], index: number, target: string) {
  let previousHash = events[index - 1].hash;
  for (const { hash: _, ...rest } of events.slice(index)) {
    const event = { ...rest, previousHash, ...(rest.sequence === index + 1 ? { target } : {}) };
    previousHash = hashOf(event as Parameters<typeof hashOf>[0]);
    await tamper(
      "UPDATE audit_events SET target = ?, previous_hash = ?, hash = ? WHERE event_id = ?",
      event.target,
      event.previousHash,
      previousHash,
      event.eventId,
    );
  }
}
