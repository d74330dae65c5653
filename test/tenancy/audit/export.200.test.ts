import { SELF } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Body, call, issuer, newOrganization, tokenFor } from "../../support/api.ts";
import { dayMs, ledger, seedChain } from "./_chains.ts";
import { eventsOf, tamper } from "./_log.ts";

afterEach(() => {
  vi.useRealTimers();
});

const ask = (token: string, query: Record<string, string> = {}) =>
  SELF.fetch(`${issuer}/api/v1/audit/export?${new URLSearchParams(query)}`, {
    headers: { Authorization: `Bearer ${token}` },
  });

/** The events of an export, each on its line, and nothing behind the last. */
async function eventsIn(response: Response): Promise<Body[]> {
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toBe("application/x-ndjson");
  const lines = new TextDecoder().decode(await response.arrayBuffer()).split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => JSON.parse(line));
}

const exported = async (token: string, query: Record<string, string> = {}) => eventsIn(await ask(token, query));

describe("GET /audit/export", () => {
  it("is the whole log, oldest first, an event a line, the caller's last act included", async () => {
    const { token } = await newOrganization();
    const events = await eventsOf(token);
    expect(await exported(token)).toStrictEqual(events);
    const answer = await ask(token);
    await answer.body?.cancel();
    expect(answer.headers.get("Content-Disposition")).toBe('attachment; filename="audit.ndjson"');
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
  });

  it("is that of a time range, and empty where there was nothing", async () => {
    const today = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: today });
    const organization = await newOrganization();
    vi.setSystemTime(today + dayMs);
    const token = await tokenFor(organization);
    const events = await eventsOf(token);
    const on = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    const of = (day: string) => events.filter(({ timestamp }) => timestamp.startsWith(day));
    for (const day of [on(today), on(today + dayMs)]) {
      expect(await exported(token, { from: day, to: day })).toStrictEqual(of(day));
    }
    expect(await exported(token, { from: on(today + dayMs) })).toStrictEqual(of(on(today + dayMs)));
    expect(await exported(token, { to: on(today) })).toStrictEqual(of(on(today)));
    expect(await exported(token, { from: on(today + 5 * dayMs) })).toStrictEqual([]);
  });

  it.each([
    ["from=yesterday", "from"],
    ["from=2026-02-01&to=2026-01-01", "to"],
  ])("400 for %s", async (query, path) => {
    const { token } = await newOrganization();
    const answer = await call(`/api/v1/audit/export?${query}`, { token });
    expect([answer.status, answer.body.code]).toStrictEqual([400, "VALIDATION_ERROR"]);
    expect(answer.body.details.issues[0].path).toBe(path);
  });

  it("shows a spoilt event among the others", async () => {
    const { token } = await newOrganization();
    const [, { eventId }] = await eventsOf(token);
    await tamper("UPDATE audit_events SET details = '{' WHERE event_id = ?", eventId);
    const events = await exported(token);
    expect(events.find((event) => event.eventId === eventId).details.unreadable.details).toBe("{");
  });

  it("is as long as the log, page by page, and holds what was there when it was asked for", async () => {
    const { organizationId, token } = await newOrganization();
    await seedChain(organizationId, 5_000);
    const { sequence } = await ledger(organizationId).flush();
    const response = await ask(token);
    await seedChain(organizationId, 2_000);
    const sequences = (await eventsIn(response)).map((event) => event.sequence);
    expect(sequences).toStrictEqual(Array.from({ length: sequence }, (_, n) => n + 1));
  }, 60_000);

  it("a reader may go away in the middle", async () => {
    const { organizationId, token } = await newOrganization();
    await seedChain(organizationId, 6_000);
    const response = await ask(token);
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    expect(value!.length).toBeGreaterThan(0);
    await reader.cancel();
    expect((await exported(token)).length).toBeGreaterThan(6_000);
  }, 60_000);
});
