/** The screens of the audit log in each of their states, with texts that break layouts. */
import { describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { agent, ago, event, hostileAgent, markup, pageOf, turned } from "./_agents.ts";
import { type Asked, idOf, refusals } from "./_answers.ts";
import { expectEveryState, newStage, openScreen } from "./_console.ts";

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
  ...Array.from({ length: 8 }, (_, index) =>
    event(99_996 - index, { agentId: idOf(8), actor: { ...from, agentId: idOf(8) } }),
  ),
];

expectEveryState(stage, {
  path: "/audit",
  title: "Audit",
  needs: "audit:read",
  answers: { "GET /audit": { data: events, nextCursor: "next", agents } },
  empty: { "GET /audit": { ...pageOf(), agents: {} } },
  shows: { filled: "First page, 12 events", empty: "No events yet" },
});

expectEveryState(stage, {
  path: `/audit?outcome=failure&from=2026-11-30T21:00:00.000Z&to=2026-11-30T20:00:00.000Z`,
  title: "Audit",
  answers: { "GET /agents": { data: [hostileAgent, agent(8)], nextCursor: "next" } },
  without: ["loading", "error", "forbidden", "overLimit"],
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

/** What stays the same in each tab is looked at once, in the first. */
const others = ["loading", "error", "forbidden", "overLimit"] as const;

const gap = (number: number) => ({
  fromSequence: number,
  toSequence: number + 1200,
  reason: `${markup}${turned}${"reason".repeat(40)}`,
  acceptedAt: ago(3600),
  acceptedBy: idOf(7),
  eventId: idOf(number),
});

const verification = (fields: Record<string, unknown>) => ({
  verified: true,
  checkedCount: 100_000,
  fromDate: null,
  toDate: null,
  brokenAtEventId: null,
  missing: null,
  gaps: [],
  ...fields,
});

expectEveryState(stage, {
  path: "/audit?tab=verify",
  title: "Audit",
  without: others,
  answers: {
    "GET /audit/verify": verification({
      verified: false,
      brokenAtEventId: idOf(53),
      missing: { fromSequence: 40, toSequence: 52 },
      gaps: [gap(10), gap(11)],
    }),
    "GET /agents/{agentId}": hostileAgent,
  },
  empty: { "GET /audit/verify": verification({}) },
  prepare: async (page, state) => {
    await page.getByRole("button", { name: "Verify the whole log" }).click();
    await page.getByRole("heading", { name: state === "filled" ? "Broken" : "Intact" }).waitFor();
  },
});

const checkpoint = (number: number, fields: Record<string, unknown> = {}) => ({
  sequence: number * 10_000,
  eventId: idOf(number),
  hash: String(number % 10).repeat(64),
  timestamp: ago(3600 * number),
  jws: "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl",
  publicKeyJwk: { kty: "EC", kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", alg: "ES256", use: "sig" },
  keyCompromisedAt: null,
  ...fields,
});

expectEveryState(stage, {
  path: "/audit?tab=checkpoints",
  title: "Audit",
  without: others,
  answers: {
    "GET /audit/checkpoints": {
      data: [
        checkpoint(30),
        checkpoint(29, { keyCompromisedAt: ago(60) }),
        checkpoint(28, { publicKeyJwk: null }),
        ...Array.from({ length: 5 }, (_, index) => checkpoint(27 - index)),
      ],
      nextCursor: "next",
    },
  },
  empty: { "GET /audit/checkpoints": pageOf() },
  shows: { filled: "First page, 8 checkpoints", empty: "No checkpoint yet" },
});

expectEveryState(stage, {
  path: "/audit?tab=export&from=2026-11-30T20:00:05.123Z",
  title: "Audit",
  without: others,
  answers: { "GET /audit/export": refusals.error },
  prepare: async (page) => {
    await page.getByRole("button", { name: "Download" }).click();
    await page.getByText("It was not done").waitFor();
  },
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

describe.skipIf(!hasBrowser)("a verification that takes its time", () => {
  it("says that it runs, can be cancelled and begun anew, and a refusal says when it may be", async () => {
    const opened = await openScreen(stage, { path: "/audit?tab=verify", title: "Audit", answers: {} });
    const { page, complaints } = opened;
    let isHeld = true;
    const asked: string[] = [];
    await page.route("**/console/api/v1/audit/verify**", async (route) => {
      asked.push(new URL(route.request().url()).search);
      if (isHeld) return;
      const body = { ...refusals.error.body, code: "RATE_LIMIT_EXCEEDED", message: "Too many verifications." };
      await route.fulfill({ status: 429, headers: { "Retry-After": "17" }, json: body });
    });
    const verify = page.getByRole("button", { name: "Verify the whole log" });
    await verify.press("Enter");
    await page.getByRole("progressbar", { name: "Verification" }).waitFor();
    // A second press while it runs asks nothing.
    await verify.press("Enter");
    await page.getByRole("button", { name: "Cancel" }).press("Enter");
    await page.getByRole("progressbar", { name: "Verification" }).waitFor({ state: "detached" });
    expect(await page.getByRole("alert").count()).toBe(0);
    isHeld = false;
    await verify.press("Enter");
    await page.getByText("Too many verifications.").waitFor();
    await page.getByText("Try again in 17 seconds.").waitFor();
    expect(asked).toEqual(["", ""]);
    await page.context().close();
    expect(complaints).toEqual([]);
  });
});

describe.skipIf(!hasBrowser)("filters that are changed at once", () => {
  it("are all kept: one that waits for a pause does not undo another", async () => {
    const answers = { "GET /audit": { ...pageOf(), agents: {} } };
    const { page } = await openScreen(stage, { path: "/audit", title: "Audit", answers });
    await page.getByText("No events yet").waitFor();
    await page.getByLabel("Target, exactly").fill("a-target");
    await page.getByLabel("Outcome").selectOption("failure");
    await page.getByRole("button", { name: "last hour" }).click();
    await page.waitForURL("**/audit?*target=a-target*");
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
      target: "a-target",
      outcome: "failure",
      from: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/),
    });
    await page.context().close();
  });
});
