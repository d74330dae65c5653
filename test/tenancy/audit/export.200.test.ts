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

describe("GET /audit/export?format=csv", () => {
  it("is RFC 4180 with a row of names, and has no cell that a spreadsheet takes for a formula", async () => {
    const { organizationId, token } = await newOrganization();
    const [{ eventId }] = await eventsOf(token);
    // A target is the one free text of an event that is a cell of its own.
    for (const target of ["=1+1", "+1", "-1", "@A1", "'x", '\t"a",\r\nb', "Zoë"]) {
      await tamper("UPDATE audit_events SET target = ? WHERE event_id = ?", target, eventId);
      const answer = await ask(token, { format: "csv", to: new Date(Date.now() + dayMs).toISOString() });
      expect(answer.headers.get("Content-Type")).toBe("text/csv; charset=utf-8; header=present");
      expect(answer.headers.get("Content-Disposition")).toBe('attachment; filename="audit.csv"');
      const text = await answer.text();
      const guarded = /^[=+\-@'\t]/.test(target) ? `'${target}` : target;
      const cell = /[",\r\n]/.test(target) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
      const [header, ...rows] = text.split("\r\n");
      expect(header).toBe(
        "type,sequence,timestamp,action,outcome,agentId,target,actor,details,eventId,organizationId,previousHash,hash,email,jws,publicKeyJwk,keyCompromisedAt",
      );
      expect(text).toContain(`,${cell},"{""`);
      expect(rows[0]).toMatch(/^event,1,\d{4}-/);
      expect(text).toContain(`,${eventId},${organizationId},${"0".repeat(64)},`);
      expect(text.endsWith(",,,,\r\n")).toBe(true);
    }
  });
});

describe("GET /audit/export?checkpoints=true", () => {
  it("signs the end of the log, once while nothing happens, and not the end of a range in the past", async () => {
    const { token } = await newOrganization();
    const of = async (query: Record<string, string>) => {
      const lines = await exported(token, { ...query, checkpoints: "true" });
      return {
        events: lines.filter(({ type }) => type === undefined),
        checkpoints: lines.filter(({ type }) => type === "checkpoint"),
        keys: lines.filter(({ type }) => type === "key"),
        end: lines.at(-1),
      };
    };
    const past = await of({ to: "2026-01-01" });
    expect([past.events, past.checkpoints]).toEqual([[], []]);
    expect(past.end).toEqual({ type: "end", details: { events: 0, checkpoints: 0, keys: past.keys.length } });
    const first = await of({});
    expect(first.checkpoints).toHaveLength(1);
    expect(first.checkpoints[0]).toMatchObject({
      sequence: first.events.length,
      hash: first.events.at(-1)?.hash,
      keyCompromisedAt: null,
    });
    expect(first.keys.map(({ publicKeyJwk }) => publicKeyJwk.kid)).toContain(first.checkpoints[0]?.publicKeyJwk.kid);
    expect(JSON.stringify(first.keys)).not.toContain('"d":');
    expect((await of({})).checkpoints).toEqual(first.checkpoints);
    expect((await call("/api/v1/audit/verify", { token })).body).toMatchObject({ verified: true });
  });

  it("is 400 for another format or flag", async () => {
    const { token } = await newOrganization();
    for (const query of ["format=xml", "checkpoints=yes", "format=CSV"]) {
      const answer = await call(`/api/v1/audit/export?${query}`, { token });
      expect([answer.status, answer.body.code]).toStrictEqual([400, "VALIDATION_ERROR"]);
    }
  });
});

it("GET /tools/verify-audit-log.mjs is the program, for everybody", async () => {
  const answer = await SELF.fetch(`${issuer}/tools/verify-audit-log.mjs`);
  expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "text/javascript; charset=utf-8"]);
  expect(await answer.text()).toMatch(/^#!\/usr\/bin\/env node\n/);
});

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
