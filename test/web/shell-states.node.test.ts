/** Sign-in, first steps, overview and account in each of their states. */
import { describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { type Asked, idOf, refusals, session } from "./_answers.ts";
import { expectEveryState, newStage, openScreen } from "./_console.ts";

const stage = newStage();
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const none = { data: [], nextCursor: null };

const summary = (active: number) => ({
  total: active,
  byStatus: { active, suspended: 0, decommissioned: 0 },
  byType: {},
  byDeploymentEnv: {},
  withoutCredential: 0,
  credentialsExpiringSoon: 2,
});

const control = (id: string, status: string) => ({ id, name: id, status, lastChecked: ago(60), evidence: "12 of 12" });

expectEveryState(stage, {
  path: "/sign-in",
  title: "Sign in to the console",
  answers: { "GET /console/session": refusals.unauthorized },
  without: ["empty", "loading", "error", "forbidden", "overLimit"],
});

expectEveryState(stage, {
  path: "/",
  title: "Overview",
  answers: {
    "GET /agents/summary": summary(4890),
    "GET /audit": ({ query }: Asked) =>
      query.get("action") === "client.refused"
        ? { data: Array.from({ length: 100 }, () => ({ details: {} })), nextCursor: "next" }
        : { data: [{ details: { count: 45 } }, { details: { count: 900 } }], nextCursor: null },
    "GET /webhooks": { data: [{ failure_count: 5, active: false }], nextCursor: null },
    "GET /compliance/controls": { controls: [control("CC6.1", "pass"), control("CC7.3", "fail")] },
    "GET /oauth2/token/delegations": { data: [{}], nextCursor: "next" },
    "GET /tiers/status": {
      tier: "pro",
      limits: { maxAgents: null, maxCallsPerDay: 1_000_000, maxTokensPerDay: 100_000, maxTokensPerMonth: null },
      usage: { agentCount: 4890, callsToday: 184_223, tokensToday: 99_000, tokensThisMonth: 99_000 },
      resetsAt: ago(-3600),
    },
  },
  empty: {
    "GET /agents/summary": summary(1),
    "GET /audit": none,
    "GET /webhooks": none,
    "GET /oauth2/token/delegations": none,
  },
  shows: { filled: "1,045+", empty: "no refused client" },
});

expectEveryState(stage, {
  path: "/first-steps",
  title: "First steps",
  answers: {
    "GET /agents": { data: [{ agentId: idOf(7) }, { agentId: idOf(1) }], nextCursor: null },
    "GET /agents/{agentId}/credentials": { data: [{ lastUsedAt: ago(5) }], nextCursor: null },
    "GET /audit": { data: [{}], nextCursor: null },
    "GET /webhooks": none,
  },
  empty: { "GET /agents": { data: [{ agentId: idOf(1) }], nextCursor: null }, "GET /audit": none },
  shows: { filled: "4 of 5 done.", empty: "0 of 5 done." },
});

/** What a program can call itself: markup, a mark that turns the direction of the text, and no place to break. */
const hostile = `<img src=x onerror=alert(1)>\u202e${"x".repeat(1000)}`;

const listed = (number: number, isCurrent: boolean) => ({
  sessionId: idOf(9000 + number),
  isCurrent,
  credentialId: idOf(50),
  scopes: ["agents:read"],
  userAgent: number === 1 ? hostile : `Mozilla/5.0 ${"(a name without an end) ".repeat(4)}`,
  ip: "2001:db8:85a3::8a2e:370:7334",
  createdAt: ago(7200),
  lastUsedAt: ago(30),
  expiresAt: ago(-3600),
});

expectEveryState(stage, {
  path: "/account",
  title: "Account",
  answers: {
    "GET /console/sessions": { data: [listed(0, true), listed(1, false), listed(2, false)], nextCursor: null },
  },
  empty: { "GET /console/sessions": { data: [listed(0, true)], nextCursor: null } },
  prepare: async (page, state) => {
    if (state !== "filled") return;
    expect(await page.getByText("<img src=x onerror=alert(1)>").count()).toBe(1);
    expect(await page.locator("img").count()).toBe(0);
    await page.getByRole("button", { name: "End all others" }).click();
  },
});

describe.skipIf(!hasBrowser)("a console that cannot reach its service", () => {
  it("says so, with the request id, and goes on after Retry", async () => {
    let isDown = true;
    const up = { data: [listed(0, true)], nextCursor: null };
    const { page } = await openScreen(stage, {
      path: "/account",
      title: "Account",
      answers: {
        "GET /console/session": () => (isDown ? refusals.error : session()),
        "GET /console/sessions": up,
      },
    });
    await page.getByRole("heading", { level: 1, name: "Something went wrong" }).waitFor();
    await page.getByText("An unexpected error.").waitFor();
    await page.getByRole("button", { name: /^Copy request id/ }).waitFor();
    isDown = false;
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByRole("heading", { level: 1, name: "Account" }).waitFor();
  });
});
