/** What the analytics must say, counted anew from the audit log as anybody reads it over HTTP. */
import { expect } from "vitest";
import { type Body, call } from "../../support/api.ts";
import { eventsOf } from "../audit/_log.ts";

const dayMs = 86_400_000;

/** The body of an analytics answer. */
export async function analytics(token: string, path: string): Promise<Body> {
  const answer = await call(`/api/v1/analytics/${path}`, { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

/** One issued token, as the audit log tells of it. */
export interface Issued {
  readonly agentId: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
}

export const issuedTokens = (token: string): Promise<Issued[]> => eventsOf(token, { action: "token.issued" });

function tally<Key>(keys: readonly Key[]): Map<Key, number> {
  return keys.reduce((counts, key) => counts.set(key, (counts.get(key) ?? 0) + 1), new Map<Key, number>());
}

/** Every day to the present one, with its count. */
export function byDay(events: readonly { readonly timestamp: string }[], days: number) {
  const counts = tally(events.map(({ timestamp }) => timestamp.slice(0, 10)));
  return Array.from({ length: days }, (_, index) => {
    const date = new Date(Date.now() - (days - 1 - index) * dayMs).toISOString().slice(0, 10);
    return { date, count: counts.get(date) ?? 0 };
  });
}

/** The hours of the week that have any, over the last 30 days. */
export function byHourOfWeek(events: readonly Issued[]) {
  const since = Math.floor(Date.now() / dayMs) * dayMs - 29 * dayMs;
  const recent = events.map(({ timestamp }) => new Date(timestamp)).filter((time) => time.getTime() >= since);
  return [...tally(recent.map((time) => time.getUTCDay() * 24 + time.getUTCHours()))]
    .sort(([one], [other]) => one - other)
    .map(([cell, count]) => ({ dow: Math.floor(cell / 24), hour: cell % 24, count }));
}

/** The agents of the present month, most first. */
export function byAgent(events: readonly Issued[]) {
  const month = new Date().toISOString().slice(0, 7);
  const agents = events.filter(({ timestamp }) => timestamp.startsWith(month)).map(({ agentId }) => agentId);
  return [...tally(agents)]
    .map(([agentId, tokenCount]) => ({ agentId, tokenCount }))
    .sort((one, other) => other.tokenCount - one.tokenCount || (one.agentId < other.agentId ? -1 : 1));
}
