/**
 * A follower of the log: it passes the last position that it knows, and gets what comes after it. Attack on it: an event that becomes
 * visible after a later one, which no later request would return.
 */
import { expect, it, vi } from "vitest";
import { type Answer, agentFields, type Body, call, newAgent, newClient, newOrganization } from "../../support/api.ts";
import { appendEvents, DB, ledger } from "./_chains.ts";
import { eventsOf } from "./_log.ts";

async function pageOf(token: string, query: Record<string, string>): Promise<Body> {
  const answer = await call(`/api/v1/audit?${new URLSearchParams({ order: "asc", ...query })}`, { token });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

const sequencesOf = (events: readonly Body[]): number[] => events.map(({ sequence }) => sequence);

/** The integers from one to another. */
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Repeats a call that a busy machine refuses. */
async function untilAnswered(send: () => Promise<Answer>): Promise<void> {
  for (;;) {
    const { status, text } = await send();
    if (status === 503) continue;
    // 409: a refused registration took place.
    expect([200, 201, 409], text).toContain(status);
    return;
  }
}

/** Polls until a page that was requested after the end is empty. */
async function follow(
  token: string,
  query: Record<string, string>,
  hasEnded: () => boolean,
  next: (page: Body, after: number) => number,
): Promise<Body[]> {
  const events: Body[] = [];
  for (let after = 0; ; ) {
    const isLast = hasEnded();
    const page = await pageOf(token, { ...query, afterSequence: `${after}` });
    expect(page.missing).toStrictEqual([]);
    events.push(...page.data);
    if (isLast && page.data.length === 0) return events;
    after = next(page, after);
    // As a follower does. Requests without a pause between them leave this runtime no time for its timers.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it("polled during 500 concurrent events, it gets every sequence once, in order, without a gap; and with a filter every event that matches", async () => {
  const { token, ...admin } = await newOrganization();
  const { agentId, ...client } = await newClient(token);
  let hasEnded = false;
  const json = (n: number) => agentFields({ email: `followed-${n}@example.com` });
  // The ledger records tokens itself; the events of agents reach it by the relay.
  const lanes = range(1, 50).map(async (lane) => {
    await untilAnswered(() => call("/api/v1/agents", { token, json: json(lane) }));
    for (let n = 0; n < 9; n++) {
      await untilAnswered(() => call("/api/v1/token", { basic: client, form: { grant_type: "client_credentials" } }));
    }
  });
  const events = Promise.all(lanes).finally(() => {
    hasEnded = true;
  });
  const lastSequence = (page: Body, after: number) => page.data.at(-1)?.sequence ?? after;
  const [all, filtered] = await Promise.all([
    follow(token, { limit: "13" }, () => hasEnded, lastSequence),
    follow(
      token,
      { limit: "7", agentId, action: "token.issued" },
      () => hasEnded,
      ({ nextAfterSequence }) => nextAfterSequence,
    ),
    events,
  ]);
  expect(sequencesOf(all)).toStrictEqual(range(1, all.length));
  const issued = all.filter((event) => event.action === "token.issued" && event.agentId === agentId);
  // What a busy machine answers by 503 may have happened.
  expect(issued.length).toBeGreaterThanOrEqual(450);
  expect(all.filter(({ action }) => action === "agent.created")).toHaveLength(52);
  expect(sequencesOf(filtered)).toStrictEqual(sequencesOf(issued));
  expect(all.slice(1).map(({ previousHash }) => previousHash)).toStrictEqual(all.slice(0, -1).map(({ hash }) => hash));
  expect(all.filter(({ actor }) => actor.agentId === admin.agentId).length).toBeGreaterThan(50);
});

it("begins at the oldest event, goes on by the cursor or by the position, and is empty when nothing is new", async () => {
  const { token, organizationId } = await newOrganization();
  const { agentId } = await newAgent(token);
  const { length } = await eventsOf(token);
  const first = await pageOf(token, { limit: "2" });
  expect(first).toMatchObject({ data: [{ sequence: 1 }, { sequence: 2 }], nextAfterSequence: 2, missing: [] });
  expect(await pageOf(token, { limit: "2", afterSequence: "0" })).toMatchObject({ data: first.data });
  const byCursor = await pageOf(token, { limit: "2", cursor: first.nextCursor });
  const byPosition = await pageOf(token, { limit: "2", afterSequence: "2" });
  expect(sequencesOf(byCursor.data)).toStrictEqual(range(3, Math.min(4, length)));
  expect(byPosition.data).toStrictEqual(byCursor.data);
  const rest = await pageOf(token, { afterSequence: "1" });
  expect(rest).toMatchObject({ nextCursor: null, nextAfterSequence: length });
  expect(sequencesOf(rest.data)).toStrictEqual(range(2, length));
  expect(rest.agents[agentId].email).toEqual(expect.any(String));
  const end = { afterSequence: `${length}` };
  expect(await pageOf(token, end)).toStrictEqual({
    data: [],
    nextCursor: null,
    agents: {},
    nextAfterSequence: length,
    missing: [],
  });
  // Nothing of it matches, and the follower advances nevertheless.
  await appendEvents(organizationId, 30);
  const filters = { ...end, action: "agent.erased", outcome: "success", agentId, target: agentId, from: "2020-01-01" };
  expect(await pageOf(token, { ...filters, to: "2999-01-01" })).toMatchObject({
    data: [],
    nextAfterSequence: length + 30,
  });
  expect(await pageOf(token, { ...end, limit: "30" })).toMatchObject({
    nextCursor: null,
    nextAfterSequence: length + 30,
  });
  const newestFirst = (await call("/api/v1/audit?limit=1", { token })).body;
  expect(Object.keys(newestFirst)).toStrictEqual(["data", "nextCursor", "agents"]);
});

it("target selects the events about exactly this record, in both orders", async () => {
  const { token } = await newOrganization();
  const { agentId } = await newAgent(token);
  await newAgent(token);
  await call(`/api/v1/agents/${agentId}`, { method: "PATCH", token, json: { version: "2.0.0" } });
  const actions = ["agent.created", "agent.updated"];
  expect((await eventsOf(token, { target: agentId })).map(({ action }) => action)).toStrictEqual(actions);
  const { data } = await pageOf(token, { target: agentId });
  expect(data.map(({ action }: Body) => action)).toStrictEqual(actions);
  for (const target of [agentId.slice(0, -1), `${agentId} `, agentId.toUpperCase(), "%"]) {
    expect(await eventsOf(token, { target })).toStrictEqual([]);
  }
});

it("a cursor is for its order, its position and its filters", async () => {
  const { token, agentId } = await newOrganization();
  await Promise.all([newAgent(token), newAgent(token)]);
  const queries: Record<string, string>[] = [
    {},
    { order: "asc" },
    { order: "asc", afterSequence: "1" },
    { action: "agent.created" },
    { action: "agent.created", outcome: "success" },
    { order: "asc", action: "agent.created" },
    { from: "2020-01-01" },
  ];
  for (const one of queries) {
    const { nextCursor } = (await call(`/api/v1/audit?${new URLSearchParams({ ...one, limit: "1" })}`, { token })).body;
    for (const other of [...queries, { ...one, target: agentId }]) {
      const answer = await call(`/api/v1/audit?${new URLSearchParams({ ...other, cursor: nextCursor })}`, { token });
      expect([answer.status, one, other]).toStrictEqual([one === other ? 200 : 400, one, other]);
    }
  }
});

it("a position after the end of the log is refused: a log that has lost its end would hide what comes next", async () => {
  const { token, organizationId } = await newOrganization();
  const { sequence } = await ledger(organizationId).flush();
  expect((await pageOf(token, { afterSequence: `${sequence}` })).data).toStrictEqual([]);
  const { status, body } = await call(`/api/v1/audit?order=asc&afterSequence=${sequence + 1}`, { token });
  expect([status, body.details.issues]).toStrictEqual([
    400,
    [
      {
        path: "afterSequence",
        message: `must be at most ${sequence}, the sequence of the last event`,
        received: sequence + 1,
      },
    ],
  ]);
});

it.each([
  [{}, "sqlite_autoindex_audit_events_1"],
  [{ action: "agent.created" }, "sqlite_autoindex_audit_events_1"],
  [{ outcome: "failure", from: "2020-01-01", to: "2999-01-01" }, "sqlite_autoindex_audit_events_1"],
  [{ agentId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", from: "2020-01-01" }, "audit_events_by_agent"],
  [{ target: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10", action: "agent.created" }, "audit_events_by_target"],
])("with the filter %o it reads the events after the position, in their order, by an index", async (query, index) => {
  const { token } = await newOrganization();
  const prepared = vi.spyOn(Object.getPrototypeOf(DB) as D1Database, "prepare");
  await pageOf(token, { afterSequence: "1", ...query });
  const reads = prepared.mock.calls.map(([sql]) => sql).filter((sql) => /from "audit_events" where/i.test(sql));
  prepared.mockRestore();
  expect(reads).toHaveLength(1);
  for (const sql of reads) {
    const values = [...sql.matchAll(/\?/g)].map(() => 1);
    const { results } = await DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...values)
      .all<{ detail: string }>();
    const plan = results.map(({ detail }) => detail).join("; ");
    expect(plan).toMatch(new RegExp(`^SEARCH audit_events USING INDEX ${index} \\([^)]*sequence>\\?\\)$`));
  }
});
