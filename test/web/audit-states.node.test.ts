/** The screens of the audit log in each of their states, with texts that break layouts. */
import { agent, ago, event, hostileAgent, markup, pageOf, turned } from "./_agents.ts";
import { type Asked, idOf } from "./_answers.ts";
import { expectEveryState, newStage } from "./_console.ts";

const stage = newStage();

const agents = {
  [idOf(1)]: { email: "admin@operator.example" },
  [idOf(7)]: { email: hostileAgent.email },
  [idOf(8)]: { email: "screener-08@acme.example" },
};
const from = { agentId: null, ip: "203.0.113.7", userAgent: "" };
const events = [
  event(100_000, { target: `${markup}${turned}` }),
  event(99_999, { action: "client.refused", outcome: "failure", agentId: null, actor: from }),
  event(99_998, { action: "credential.rotation_replayed", agentId: idOf(8), actor: { ...from, agentId: idOf(1) } }),
  // Of an erased agent the log has the id alone, and a changed database can have any name of an event.
  event(99_997, { action: `${markup}${turned}`, agentId: idOf(9), actor: { ...from, agentId: idOf(10) } }),
  ...Array.from({ length: 46 }, (_, index) =>
    event(99_996 - index, { agentId: idOf(8), actor: { ...from, agentId: idOf(8) } }),
  ),
];

expectEveryState(stage, {
  path: "/audit",
  title: "Audit",
  needs: "audit:read",
  answers: { "GET /audit": { data: events, nextCursor: "next", agents } },
  empty: { "GET /audit": { ...pageOf(), agents: {} } },
  shows: { filled: "First page, 50 events", empty: "No events yet" },
});

expectEveryState(stage, {
  path: `/audit?outcome=failure&from=2026-11-30T21:00:00.000Z&to=2026-11-30T20:00:00.000Z`,
  title: "Audit",
  answers: { "GET /agents": { data: [hostileAgent, agent(8)], nextCursor: "next" } },
  without: ["empty", "loading", "error", "forbidden", "overLimit"],
  shows: { filled: "is before From" },
  prepare: async (page) => {
    await page.getByLabel("About the agent").fill("acme");
    await page.getByText("More match").waitFor();
  },
});

expectEveryState(stage, {
  path: "/audit?live=on&outcome=success",
  title: "Audit",
  without: ["loading", "error", "forbidden", "overLimit"],
  answers: {
    "GET /audit": ({ query }: Asked) => ({
      data: query.get("order") === "asc" ? [event(100_001, { agentId: idOf(8) })] : events.slice(0, 5),
      nextCursor: null,
      nextAfterSequence: 100_001,
      agents,
      missing: [],
    }),
  },
  empty: { "GET /audit": { ...pageOf(), nextAfterSequence: 100_001, agents: {}, missing: [] } },
  shows: { filled: /^1 new event at/, empty: "No event matches yet." },
});

const hostile = event(7, {
  target: `${markup}${turned}`,
  actor: {
    agentId: idOf(1),
    credentialId: idOf(5),
    ip: "203.0.113.7",
    userAgent: `${markup}${turned}${"x".repeat(400)}`,
  },
  details: {
    note: `${markup}\n${turned}`,
    scopes: Array.from({ length: 9 }, (_, at) => `scope-${at}:${"r".repeat(90)}`),
  },
  previousHash: "2".repeat(64),
  timestamp: ago(30),
});

const shown = {
  "GET /audit/{eventId}": hostile,
  "GET /agents/{agentId}": hostileAgent,
  "GET /audit": ({ query }: Asked) => ({
    data: [event(Number(query.get("afterSequence")) + 1, { hash: "2".repeat(64) })],
    nextCursor: null,
    agents: {},
  }),
};

expectEveryState(stage, {
  path: `/audit/${idOf(7)}`,
  title: "token.issued",
  answers: shown,
  without: ["loading", "error", "forbidden", "overLimit"],
  shows: { filled: "its hash is the previous hash" },
});

// Without the record the heading cannot have its name.
expectEveryState(stage, { path: `/audit/${idOf(7)}`, title: "Event", answers: shown, without: ["filled"] });
